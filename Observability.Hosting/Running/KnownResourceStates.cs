namespace Aspire.Hosting.ApplicationModel;

/// <summary>What a resource can be found doing.</summary>
public static class KnownResourceStates
{
    public static readonly string NotStarted = nameof(NotStarted);

    /// <summary>Held back until the resources it waits for are ready.</summary>
    public static readonly string Waiting = nameof(Waiting);

    public static readonly string Starting = nameof(Starting);

    public static readonly string Running = nameof(Running);

    public static readonly string Stopping = nameof(Stopping);

    /// <summary>Was stopped.</summary>
    public static readonly string Exited = nameof(Exited);

    /// <summary>Ended by itself.</summary>
    public static readonly string Finished = nameof(Finished);

    public static readonly string FailedToStart = nameof(FailedToStart);

    internal static bool IsTerminal(string state) => state == Exited || state == Finished || state == FailedToStart;
}

namespace Aspire.Hosting.ApplicationModel;

/// <summary>What a resource can be found doing.</summary>
public static class KnownResourceStates
{
    internal static readonly string NotStarted = nameof(NotStarted);

    /// <summary>Held back until the resources it waits for are ready.</summary>
    internal static readonly string Waiting = nameof(Waiting);
    internal static readonly string Starting = nameof(Starting);
    public static readonly string Running = nameof(Running);
    internal static readonly string Stopping = nameof(Stopping);

    /// <summary>Was stopped.</summary>
    internal static readonly string Exited = nameof(Exited);

    /// <summary>Ended by itself.</summary>
    internal static readonly string Finished = nameof(Finished);
    internal static readonly string FailedToStart = nameof(FailedToStart);

    internal static bool IsTerminal(string state) => state == Exited || state == Finished || state == FailedToStart;
}

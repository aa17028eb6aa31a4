namespace Aspire.Hosting.ApplicationModel;

/// <summary>What a resource can be told to do.</summary>
public static class KnownResourceCommands
{
    public static readonly string StartCommand = "start";
    public static readonly string StopCommand = "stop";
    public static readonly string RestartCommand = "restart";
}

using System.Diagnostics;

namespace Observability.AppHost.Running;

/// <summary>
/// Whether a tool runs as a container, as this machine's own program, or not at all, and then why and what to do about it. Decided before
/// the graph is built, for a graph with a container does not start without an engine.
/// </summary>
internal sealed record ToolChoice(RunKind Kind, string Reason = "")
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(3);

    private static readonly string[] Engines = ["docker", "podman"];

    public static string[] Settings => ["auto", "container", "process", "off"];

    /// <param name="setting">One of <see cref="Settings"/>, from the configuration.</param>
    /// <param name="image">The image to run, with its tag.</param>
    /// <param name="command">The program's name where it is installed.</param>
    public static ToolChoice Make(string setting, string image, string command) => setting switch
    {
        "container" => new ToolChoice(RunKind.Container),
        "process" when IsInstalled(command) => new ToolChoice(RunKind.Process),
        "process" => new ToolChoice(RunKind.Off, $"{command} is not on PATH; install it, or leave the choice to us (auto)"),
        "off" => new ToolChoice(RunKind.Off, "by configuration"),
        _ when Engine() is { } engine && HasImage(engine, image) => new ToolChoice(RunKind.Container),
        _ when IsInstalled(command) => new ToolChoice(RunKind.Process),
        _ => new ToolChoice(RunKind.Off, $"no container engine that can get {image}, and no {command} on PATH; start Docker, or install {command}"),
    };

    private static string? Engine() =>
        Array.Find(Engines, engine => IsInstalled(engine) && Succeeds(engine, "info"));

    private static bool HasImage(string engine, string image) =>
        Succeeds(engine, "image", "inspect", image) || Succeeds(engine, "manifest", "inspect", image);

    private static bool IsInstalled(string command)
    {
        string[] names = OperatingSystem.IsWindows() ? [command + ".exe", command + ".cmd"] : [command];
        string[] directories = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return directories.Any(directory => names.Any(name => File.Exists(Path.Combine(directory, name))));
    }

    /// <summary>Whether a command ends well, and soon enough not to hold up the start.</summary>
    private static bool Succeeds(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true });
        process!.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (process.WaitForExit(AnswerTimeout))
        {
            return process.ExitCode == 0;
        }
        process.Kill(entireProcessTree: true);
        return false;
    }
}

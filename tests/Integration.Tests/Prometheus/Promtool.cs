using System.Diagnostics;

namespace Integration.Tests.Prometheus;

/// <summary>Debian's promtool, run in the folder of the configuration.</summary>
internal static class Promtool
{
    public static bool IsInstalled { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, "promtool")) && File.Exists(Path.Combine(folder, "prometheus")));

    public static void SkipUnlessInstalled() => Assert.SkipUnless(IsInstalled, "Prometheus is not installed: apt-get install prometheus.");

    public static async Task<(int ExitCode, string Output)> RunAsync(params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("promtool", arguments)
        {
            WorkingDirectory = ProductFiles.Prometheus, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        timeout.CancelAfter(TimeSpan.FromSeconds(120));
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(timeout.Token);
            Task<string> errors = process.StandardError.ReadToEndAsync(timeout.Token);
            await process.WaitForExitAsync(timeout.Token);
            return (process.ExitCode, await output + await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }
}

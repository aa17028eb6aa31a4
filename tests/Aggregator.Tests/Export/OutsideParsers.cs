using System.Diagnostics;
using System.Text;

namespace Observability.Aggregator.Tests.Export;

/// <summary>Parsers that are not ours: Python's client for OpenMetrics, promtool for the text format. Debian's packages; absent ones skip the test.</summary>
internal static class OutsideParsers
{
    private const string Python = "/usr/bin/python3";

    private const string Strict = """
        import sys, io
        from prometheus_client.openmetrics.parser import text_fd_to_metric_families
        text = sys.stdin.buffer.read().decode('utf-8')
        seen, samples = set(), 0
        for family in text_fd_to_metric_families(io.StringIO(text, newline='\n')):
            for sample in family.samples:
                identity = (sample.name, tuple(sorted(sample.labels.items())))
                if identity in seen: sys.exit('sample appears twice: %s %s' % identity)
                seen.add(identity)
                samples += 1
        print(samples)
        """;

    /// <summary>How many samples the strict parser of OpenMetrics found; what it refuses fails the test.</summary>
    public static async Task<string> OpenMetricsAsync(string text)
    {
        Assert.SkipUnless(File.Exists(Python) && (await RunAsync(Python, "", "-c", "import prometheus_client.openmetrics.parser")).ExitCode == 0, "python3-prometheus-client is not installed");
        (int exitCode, string output) = await RunAsync(Python, text, "-c", Strict);
        Assert.True(exitCode == 0, output[^int.Min(2000, output.Length)..]);
        return output.Trim();
    }

    /// <summary>What promtool check metrics says; nothing when it is content.</summary>
    public static async Task<string> PromtoolAsync(string text)
    {
        Assert.SkipUnless(
            (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "promtool"))),
            "promtool is not installed");
        return (await RunAsync("promtool", text, "check", "metrics")).Output;
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(string program, string input, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        })!;
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        timeout.CancelAfter(TimeSpan.FromSeconds(60));
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(timeout.Token);
            Task<string> errors = process.StandardError.ReadToEndAsync(timeout.Token);
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
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

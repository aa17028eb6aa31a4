using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Integration.Tests.Hosts;

/// <summary>
/// The AppHost as a program in a terminal of its own, as a user starts it, on free ports. What it prints is kept. Every process that comes out of
/// it carries a mark in its environment, because those that Aspire starts are nobody's children.
/// </summary>
internal sealed partial class AppHostProcess : IAsyncDisposable
{
    private const string MarkVariable = "OBSERVABILITY_TEST_RUN";
    private const string InterruptKey = "\u0003";
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(120);

    private static readonly string[] DefaultArguments =
    [
        "Ports:Grpc=0", "Ports:Http=0", "Ports:Metrics=0", "Ports:Dashboard=0", "Dashboard:Run=off",
        "Ports:Prometheus=0", "Prometheus:Run=off", "Ports:Grafana=0", "Grafana:Run=off",
    ];

    private readonly Process _terminal;
    private readonly string _mark;
    private readonly ConcurrentQueue<string> _lines = [];

    private AppHostProcess(Process terminal, string mark)
    {
        _terminal = terminal;
        _mark = mark;
    }

    /// <summary>Where the .NET that runs the tests is installed; Aspire starts projects by its <c>dotnet</c>.</summary>
    public static string DotnetDirectory { get; } = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..")).TrimEnd('/');

    public int ExitCode => _terminal.ExitCode;

    public string Output => string.Join('\n', _lines);

    public static AppHostProcess Start(params string[] arguments) => Start(_ => { }, arguments);

    public static AppHostProcess Start(Action<ProcessStartInfo> configure, params string[] arguments)
    {
        string mark = Guid.NewGuid().ToString("N");
        string[] command =
        [
            // A test run in the background inherits that Ctrl-C is ignored.
            "/usr/bin/env", "--default-signal=INT", Path.Combine(DotnetDirectory, "dotnet"), typeof(Projects.Observability_AppHost).Assembly.Location,
            .. DefaultArguments, .. arguments,
        ];
        var startInfo = new ProcessStartInfo("/usr/bin/script", ["-qefc", $"exec {string.Join(' ', command.Select(word => $"'{word}'"))}", "/dev/null"])
        {
            // As dotnet run does: appsettings.json is read from there.
            WorkingDirectory = Projects.Observability_AppHost.ProjectPath,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        int[] ports = FreePorts.Take(3);
        startInfo.Environment[MarkVariable] = mark;
        startInfo.Environment["SHELL"] = "/bin/sh";
        startInfo.Environment["DOTNET_ENVIRONMENT"] = "Development";
        startInfo.Environment["ASPIRE_ALLOW_UNSECURED_TRANSPORT"] = "true";
        startInfo.Environment["ASPIRE_DASHBOARD_UNSECURED_ALLOW_ANONYMOUS"] = "true";
        startInfo.Environment["ASPNETCORE_URLS"] = string.Create(CultureInfo.InvariantCulture, $"http://localhost:{ports[0]}");
        startInfo.Environment["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] = string.Create(CultureInfo.InvariantCulture, $"http://localhost:{ports[1]}");
        startInfo.Environment["ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL"] = string.Create(CultureInfo.InvariantCulture, $"http://localhost:{ports[2]}");
        configure(startInfo);
        var host = new AppHostProcess(new Process { StartInfo = startInfo }, mark);
        host._terminal.OutputDataReceived += (_, line) => host._lines.Enqueue(ControlSequence().Replace(line.Data ?? "", "").TrimEnd('\r'));
        host._terminal.Start();
        host._terminal.BeginOutputReadLine();
        return host;
    }

    /// <summary>Every process of this run that is alive, apart from the terminal.</summary>
    public IReadOnlyList<RunningProcess> Processes() =>
        [.. RunningProcess.WithVariable(MarkVariable, _mark).Where(process => process.Id != _terminal.Id)];

    /// <summary>The process whose command line has a text in it.</summary>
    public RunningProcess ProcessOf(string command) =>
        Assert.Single(Processes(), process => process.Command.Contains(command, StringComparison.Ordinal) && !process.Command.Contains("dcp", StringComparison.Ordinal));

    public RunningProcess AppHost() => Processes().First(process => process.Command.Contains("Observability.AppHost.dll", StringComparison.Ordinal) &&
        process.Command.StartsWith(DotnetDirectory, StringComparison.Ordinal));

    /// <summary>The temporary directories of this run.</summary>
    public static IEnumerable<string> RunDirectories(int appHostId) =>
        Directory.EnumerateDirectories(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"observability-run-{appHostId}-*"));

    /// <summary>Waits for a line that matches, and returns the first group of it.</summary>
    public async Task<string> UntilLineAsync(string pattern)
    {
        string output = await Eventually.GetAsync(
            () => Task.FromResult(Output), text => Regex.IsMatch(text, pattern, RegexOptions.Multiline) || _terminal.HasExited, Timeout, $"a line that matches {pattern}");
        Match found = Regex.Match(output, pattern, RegexOptions.Multiline);
        Assert.True(found.Success, $"No line matches {pattern}:\n{output}");
        return found.Groups[1].Value;
    }

    /// <summary>Waits for the block of addresses, which is printed when everything is healthy, has failed or is off, and for an address in it.</summary>
    public async Task<Uri> AddressAsync(string name) => new(await UntilLineAsync($"^ +{name} +(\\S+://\\S+)$"));

    /// <summary>Presses Ctrl-C.</summary>
    public async Task InterruptAsync()
    {
        await _terminal.StandardInput.WriteAsync(InterruptKey);
        await _terminal.StandardInput.FlushAsync();
    }

    public async Task UntilExitAsync() =>
        await _terminal.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Timeout, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (!_terminal.HasExited)
        {
            await InterruptAsync();
            await UntilExitAsync();
        }
        _terminal.Dispose();
    }

    [GeneratedRegex(@"\x1b(\[[0-9;?]*[A-Za-z]|[=>])|\^C")]
    private static partial Regex ControlSequence();
}

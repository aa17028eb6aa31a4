using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;

namespace Integration.Tests.Prometheus;

/// <summary>
/// An aggregator beside the graph that a test may hurt: a program of its own with small limits, whose live port speaks TLS by a certificate that
/// ends soon. It can be killed and started again on the same ports with other settings.
/// </summary>
internal sealed partial class TroubledAggregator : IAsyncDisposable
{
    /// <summary>Of its certificate.</summary>
    public const string Subject = "CN=localhost";

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan CertificateLasts = TimeSpan.FromDays(9);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("troubled-");
    private Process? _process;
    private int _processId;

    private TroubledAggregator()
    {
    }

    public Uri Grpc { get; private set; } = new("http://localhost:0");

    public Uri Web { get; private set; } = new("https://localhost:0");

    public Uri Metrics { get; private set; } = new("http://localhost:0");

    public string Target => $"{Metrics.Host}:{Metrics.Port}";

    private string CertificatePath => Path.Combine(_folder.FullName, "certificate.pem");

    public static async Task<TroubledAggregator> StartAsync(params string[] settings)
    {
        var aggregator = new TroubledAggregator();
        aggregator.WriteCertificate();
        await aggregator.StartAgainAsync(settings);
        return aggregator;
    }

    /// <summary>Starts it, on the ports it had before if it ran already.</summary>
    public async Task StartAgainAsync(params string[] settings)
    {
        string project = Path.GetDirectoryName(new Projects.Aggregator().ProjectPath)!;
        var framework = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        string program = Path.Combine(project, "bin", framework.Parent!.Name, framework.Name, "Aggregator");
        var startInfo = new ProcessStartInfo(program,
        [
            $"--GRPC_PORT={Grpc.Port}", $"--WS_PORT={Web.Port}", $"--METRICS_PORT={Metrics.Port}", $"--WS_TLS_CERTIFICATE={CertificatePath}",
            "--LOG_LEVEL=error", .. settings.Select(setting => $"--{setting}"),
        ])
        {
            RedirectStandardOutput = true,
            // A collection every two megabytes: what is measured of collections then moves while a test looks.
            Environment = { ["DOTNET_GCgen0size"] = "200000" },
        };
        var ready = new TaskCompletionSource<Match>(TaskCreationOptions.RunContinuationsAsynchronously);
        _process?.Dispose();
        _process = new Process { StartInfo = startInfo };
        _process.OutputDataReceived += (_, line) =>
        {
            if (ReadyLine().Match(line.Data ?? "") is { Success: true } match)
            {
                ready.TrySetResult(match);
            }
        };
        _process.Start();
        _processId = _process.Id;
        _process.BeginOutputReadLine();
        Match found = await ready.Task.WaitAsync(StartTimeout, TestContext.Current.CancellationToken);
        (Grpc, Web, Metrics) = (new Uri(found.Groups["grpc"].Value), new Uri(found.Groups["web"].Value), new Uri(found.Groups["metrics"].Value));
    }

    /// <summary>As kill -9 does; returns when it is gone.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Freezes it for a while. False: it is gone.</summary>
    public async Task<bool> StallAsync(TimeSpan duration)
    {
        // It may be killed and started again meanwhile.
        int id = _processId;
        if (!await SignalAsync(id, "STOP"))
        {
            return false;
        }
        await Task.Delay(duration, CancellationToken.None);
        return await SignalAsync(id, "CONT");
    }

    public HttpClient CreateWebClient() => new(new HttpClientHandler
    {
        ServerCertificateCustomValidationCallback = (_, certificate, _, _) => certificate?.Subject == Subject,
    })
    {
        BaseAddress = Web,
    };

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }
        _process?.Dispose();
        _folder.Delete(recursive: true);
    }

    private static async Task<bool> SignalAsync(int id, string signal)
    {
        var startInfo = new ProcessStartInfo("kill", ["-s", signal, $"{id}"]) { RedirectStandardError = true };
        using Process kill = Process.Start(startInfo)!;
        await kill.WaitForExitAsync(CancellationToken.None);
        return kill.ExitCode == 0;
    }

    private void WriteCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Subject, key, HashAlgorithmName.SHA256);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddDays(-1), now + CertificateLasts);
        File.WriteAllText(CertificatePath, $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n");
    }

    [GeneratedRegex(@"^Aggregator ready: grpc (?<grpc>\S+) web (?<web>\S+) metrics (?<metrics>\S+) pid \d+")]
    private static partial Regex ReadyLine();
}

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Integration.Tests.Prometheus;

/// <summary>
/// Debian's Prometheus over the product's own configuration and rules: as they are, or with every duration of the rules shortened by one factor;
/// then what is seen live are the expressions, labels and the way from a sample to a firing alert. The durations themselves are proved in
/// synthetic time.
/// </summary>
internal sealed partial class PrometheusServer : IAsyncDisposable
{
    private const int Factor = 30;

    // Five scrapes, so that rate() has samples; and one second for an alert to last.
    private const int WindowSecondsMin = 5;
    private const int ForSecondsMin = 1;

    private readonly Process _process;
    private readonly DirectoryInfo _folder;

    private PrometheusServer(Process process, DirectoryInfo folder, HttpClient client)
    {
        _process = process;
        _folder = folder;
        Client = client;
    }

    public HttpClient Client { get; }

    /// <summary>With the durations of the rules shortened.</summary>
    public static Task<PrometheusServer> StartShortenedAsync(params string[] targets) => StartAsync(Shorten, targets);

    /// <summary>With the rules as they are.</summary>
    public static Task<PrometheusServer> StartAsync(params string[] targets) => StartAsync(rules => rules, targets);

    private static async Task<PrometheusServer> StartAsync(Func<string, string> change, string[] targets)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("prometheus-");
        folder.CreateSubdirectory("rules");
        folder.CreateSubdirectory("targets");
        File.Copy(Path.Combine(ProductFiles.Prometheus, "prometheus.yml"), Path.Combine(folder.FullName, "prometheus.yml"));
        foreach (string file in Directory.GetFiles(Path.Combine(ProductFiles.Prometheus, "rules")))
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "rules", Path.GetFileName(file)), change(await File.ReadAllTextAsync(file)));
        }
        await WriteTargetsAsync(folder, targets);
        int port = FreePort();
        Process process = Process.Start(new ProcessStartInfo("prometheus",
        [
            $"--config.file={Path.Combine(folder.FullName, "prometheus.yml")}", $"--storage.tsdb.path={Path.Combine(folder.FullName, "data")}",
            $"--web.listen-address=127.0.0.1:{port}", "--log.level=error", "--web.enable-lifecycle",
        ]))!;
        var server = new PrometheusServer(process, folder, new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") });
        await Eventually.GetAsync(() => server.Client.GetAsync("/-/ready"), answer => answer.IsSuccessStatusCode, TimeSpan.FromSeconds(30), "Prometheus to be ready");
        return server;
    }

    /// <summary>Changes the file that it discovers its targets by, as the AppHost writes it.</summary>
    public Task SetTargetsAsync(params string[] targets) => WriteTargetsAsync(_folder, targets);

    /// <summary>Changes the rules as somebody does who edits the files, and has them read.</summary>
    public async Task EditRulesAsync(Func<string, string> change)
    {
        foreach (string file in Directory.GetFiles(Path.Combine(_folder.FullName, "rules")))
        {
            await File.WriteAllTextAsync(file, change(await File.ReadAllTextAsync(file)));
        }
        using HttpResponseMessage answer = await Client.PostAsync("/-/reload", content: null, TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private static async Task WriteTargetsAsync(DirectoryInfo folder, string[] targets)
    {
        string written = Path.Combine(folder.FullName, "targets", "aggregators.new");
        await File.WriteAllTextAsync(written, JsonSerializer.Serialize(new[] { new { targets } }));
        File.Move(written, Path.ChangeExtension(written, "json"), overwrite: true);
    }

    private static string Shorten(string rules)
    {
        string windows = Window().Replace(rules, match => $"[{Shorter(match, WindowSecondsMin)}s]");
        string lasting = For().Replace(windows, match => $"for: {Shorter(match, ForSecondsMin)}s");
        return lasting.Replace("interval: 5s", "interval: 1s", StringComparison.Ordinal);
    }

    private static int Shorter(Match match, int min)
    {
        int unit = match.Groups["unit"].Value switch { "s" => 1, "m" => 60, _ => 3600 };
        return int.Max(min, int.Parse(match.Groups["number"].Value, System.Globalization.CultureInfo.InvariantCulture) * unit / Factor);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    [GeneratedRegex(@"\[(?<number>\d+)(?<unit>[smh])\]")]
    private static partial Regex Window();

    [GeneratedRegex(@"\bfor: (?<number>\d+)(?<unit>[smh])")]
    private static partial Regex For();
}

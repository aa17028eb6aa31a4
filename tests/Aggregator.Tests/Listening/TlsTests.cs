using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Observability.Aggregator.Ingest;
using Observability.Aggregator.Tests.Diagnostics;
using Observability.Protocol.Health.V1;

namespace Observability.Aggregator.Tests.Listening;

/// <summary>The real ports with a certificate of the test's own.</summary>
public sealed class TlsTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Grpc_WithACertificate_SpeaksTlsOnly()
    {
        using var certificate = new TestCertificate();
        await using RunningAggregator aggregator = await StartAsync(certificate, "GRPC");
        Assert.Equal(StatusCode.OK, await CheckAsync($"https://localhost:{aggregator.GrpcPort}", certificate));
        Assert.NotEqual(StatusCode.OK, await CheckAsync($"http://localhost:{aggregator.GrpcPort}", certificate));
        // The other ports stay as they were.
        Assert.Equal("alive", (await aggregator.Web.GetStringAsync("/alive", Stop)).Split('"')[3]);
    }

    [Fact]
    public async Task Grpc_WithoutACertificate_SpeaksClearTextOnly()
    {
        using var certificate = new TestCertificate();
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        Assert.Equal(StatusCode.OK, await CheckAsync($"http://localhost:{aggregator.GrpcPort}", certificate));
        Assert.NotEqual(StatusCode.OK, await CheckAsync($"https://localhost:{aggregator.GrpcPort}", certificate));
    }

    [Fact]
    public async Task Web_WithACertificate_SpeaksTlsOnlyAndHealthFollows()
    {
        using var certificate = new TestCertificate();
        await using RunningAggregator aggregator = await StartAsync(certificate, "WS", "METRICS");
        using var handler = new SocketsHttpHandler { SslOptions = certificate.Trusting() };
        using var client = new HttpClient(handler);
        Assert.Contains("alive", await client.GetStringAsync($"https://localhost:{aggregator.WebPort}/alive", Stop), StringComparison.Ordinal);
        string metrics = await client.GetStringAsync($"https://localhost:{aggregator.MetricsPort}/metrics", Stop);
        Assert.Contains("\ntelemetry_tls_certificate_expiry_timestamp_seconds{port=\"web\"} ", metrics, StringComparison.Ordinal);
        await Assert.ThrowsAsync<HttpRequestException>(() => aggregator.Web.GetStringAsync("/alive", Stop));
        await Assert.ThrowsAsync<HttpRequestException>(() => aggregator.Metrics.GetStringAsync("/metrics", Stop));

        var output = new StringWriter();
        int exitCode = await Aggregator.Diagnostics.HealthCommand.RunAsync(
            [$"--WS_PORT={aggregator.WebPort}", "--BIND_ADDRESS=127.0.0.1", $"--WS_TLS_CERTIFICATE={certificate.PfxPath}"], output);
        Assert.Equal((0, "200 {\"status\":\"serving\"}"), (exitCode, output.ToString().Trim()));
    }

    [Fact]
    public async Task Agent_WithAnHttpsAddress_ConnectsWhereItTrustsTheAuthority()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "SSL_CERT_FILE adds an authority on Linux alone.");
        using var certificate = new TestCertificate();
        await using RunningAggregator aggregator = await StartAsync(certificate, "GRPC");
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "SimAgent.dll")]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["AGGREGATOR_ADDR"] = $"https://localhost:{aggregator.GrpcPort}";
        start.Environment["SSL_CERT_FILE"] = certificate.AuthorityPath;
        using Process agent = Process.Start(start)!;
        try
        {
            IngestCounters counters = aggregator.Get<IngestCounters>();
            var waited = Stopwatch.StartNew();
            while (counters.Received == 0 && !agent.HasExited)
            {
                Assert.True(waited.Elapsed < TimeSpan.FromSeconds(60), "no sample arrived over TLS within a minute");
                await Task.Delay(20, Stop);
            }
            Assert.False(agent.HasExited, agent.HasExited ? await agent.StandardError.ReadToEndAsync(Stop) : "");
        }
        finally
        {
            agent.Kill();
            await agent.WaitForExitAsync(Stop);
        }
    }

    private static Task<RunningAggregator> StartAsync(TestCertificate certificate, params string[] ports) => RunningAggregator.StartAsync(
        [.. ports.SelectMany(port => new[] { $"{port}_TLS_CERTIFICATE={certificate.CertificatePath}", $"{port}_TLS_KEY={certificate.KeyPath}" })]);

    private static async Task<StatusCode> CheckAsync(string address, TestCertificate certificate)
    {
        var check = new Method<HealthCheckRequest, HealthCheckResponse>(
            MethodType.Unary, "grpc.health.v1.Health", "Check",
            Marshallers.Create<HealthCheckRequest>(request => request.ToByteArray(), HealthCheckRequest.Parser.ParseFrom),
            Marshallers.Create<HealthCheckResponse>(response => response.ToByteArray(), HealthCheckResponse.Parser.ParseFrom));
        using var channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler { SslOptions = certificate.Trusting() }, DisposeHttpClient = true,
        });
        try
        {
            var options = new CallOptions(deadline: DateTime.UtcNow.AddSeconds(20), cancellationToken: Stop);
            HealthCheckResponse answer = await channel.CreateCallInvoker().AsyncUnaryCall(check, host: null, options, new HealthCheckRequest());
            return answer.Status == HealthCheckResponse.Types.ServingStatus.Serving ? StatusCode.OK : StatusCode.Unknown;
        }
        catch (RpcException refused)
        {
            return refused.StatusCode;
        }
    }
}

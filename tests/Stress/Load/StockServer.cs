using System.Buffers;
using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Grpc;
using Observability.Protocol;
using Observability.Protocol.V1;

namespace Observability.Stress.Load;

/// <summary>
/// The stock implementation behind the same Kestrel and the same gRPC as the aggregator, so that only what happens to a message differs.
/// Acks are coalesced as there: one for all messages that are here.
/// </summary>
internal static class StockServer
{
    public static async Task<int> RunAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddSingleton<ServingState>();
        builder.Services.AddSingleton(new StockStore(StockStore.RingSamples));
        builder.Services.AddGrpcServer();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.UseGrpc());
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        WebApplication app = builder.Build();
        StockStore store = app.Services.GetRequiredService<StockStore>();
        app.MapGrpc("/telemetry.v1.TelemetryIngestor/Exchange", call => ExchangeAsync(call, store));
        app.MapGet("/metrics", () => Describe(store));
        await app.StartAsync();
        app.Services.GetRequiredService<ServingState>().MoveTo(ServingPhase.Serving);
        string[] addresses = [.. app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];
        Console.WriteLine($"Stock ready: grpc {addresses[0]} metrics {addresses[1]}/metrics");
        await app.WaitForShutdownAsync();
        return 0;
    }

    private static async ValueTask<GrpcStatus> ExchangeAsync(GrpcServerCall call, StockStore store)
    {
        StockStore.Session session = new();
        while (await call.WaitToReadAsync())
        {
            Ack ack = new();
            while (call.TryRead(out ReadOnlySequence<byte> message))
            {
                TelemetryBatch batch = TelemetryBatch.Parser.ParseFrom(message);
                ack.Received += (ulong)store.Apply(session, batch);
                ack.Sequence = batch.Sequence;
                ack.EchoSentAtNs = batch.SentAtNs;
            }
            call.Write(ack);
            await call.FlushAsync();
        }
        return new GrpcStatus(GrpcStatusCode.Ok, "");
    }

    private static string Describe(StockStore store) =>
        $"""
        telemetry_samples_received_total {store.Stored}
        dotnet_gc_allocated_bytes_total {GC.GetTotalAllocatedBytes()}
        dotnet_gc_collections_total 0
        """.Replace("dotnet_gc_collections_total 0", string.Join('\n', Enumerable.Range(0, 3).Select(g => $"dotnet_gc_collections_total{{generation=\"{g}\"}} {GC.CollectionCount(g)}")), StringComparison.Ordinal);
}

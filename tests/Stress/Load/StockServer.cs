using System.Net;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Observability.Protocol.V1;

namespace Observability.Stress.Load;

/// <summary>The stock implementation: Grpc.AspNetCore with Google.Protobuf's objects. Acks are coalesced as the aggregator's: one for all messages that are here.</summary>
internal static class StockServer
{
    public static async Task<int> RunAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddSingleton(new StockStore(StockStore.RingSamples));
        builder.Services.AddSingleton<StockIngestor>();
        builder.Services.AddGrpc();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.Protocols = HttpProtocols.Http2);
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        WebApplication app = builder.Build();
        StockStore store = app.Services.GetRequiredService<StockStore>();
        app.MapGrpcService<StockIngestor>();
        app.MapGet("/metrics", () => Describe(store));
        await app.StartAsync();
        string[] addresses = [.. app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];
        Console.WriteLine($"Stock ready: grpc {addresses[0]} metrics {addresses[1]}/metrics");
        await app.WaitForShutdownAsync();
        return 0;
    }

    private static string Describe(StockStore store) =>
        $"""
        telemetry_samples_received_total {store.Stored}
        dotnet_gc_allocated_bytes_total {GC.GetTotalAllocatedBytes()}
        dotnet_gc_collections_total 0
        """.Replace("dotnet_gc_collections_total 0", string.Join('\n', Enumerable.Range(0, 3).Select(g => $"dotnet_gc_collections_total{{generation=\"{g}\"}} {GC.CollectionCount(g)}")), StringComparison.Ordinal);
}

/// <summary>One service, bound as Grpc.Tools would generate it.</summary>
[BindServiceMethod(typeof(StockIngestorBase), nameof(Bind))]
internal abstract class StockIngestorBase
{
    public static void Bind(ServiceBinderBase binder, StockIngestorBase? service) => binder.AddMethod(
        new Method<TelemetryBatch, Ack>(
            MethodType.DuplexStreaming, "telemetry.v1.TelemetryIngestor", nameof(Exchange), Of(TelemetryBatch.Parser), Of(Ack.Parser)),
        service is null ? null : service.Exchange);

    public abstract Task Exchange(IAsyncStreamReader<TelemetryBatch> requests, IServerStreamWriter<Ack> responses, ServerCallContext context);

    private static Marshaller<T> Of<T>(MessageParser<T> parser)
        where T : class, IMessage<T>, IBufferMessage => Marshallers.Create<T>(
        static (message, context) =>
        {
            context.SetPayloadLength(message.CalculateSize());
            message.WriteTo(context.GetBufferWriter());
            context.Complete();
        },
        context => parser.ParseFrom(context.PayloadAsReadOnlySequence()));
}

internal sealed class StockIngestor(StockStore store) : StockIngestorBase
{
    public override async Task Exchange(IAsyncStreamReader<TelemetryBatch> requests, IServerStreamWriter<Ack> responses, ServerCallContext context)
    {
        StockStore.Session session = new();
        Task<bool> next = requests.MoveNext(CancellationToken.None);
        while (await next)
        {
            Ack ack = new();
            do
            {
                TelemetryBatch batch = requests.Current;
                ack.Received += (ulong)store.Apply(session, batch);
                ack.Sequence = batch.Sequence;
                ack.EchoSentAtNs = batch.SentAtNs;
                next = requests.MoveNext(CancellationToken.None);
            }
            while (next.IsCompletedSuccessfully && next.Result);
            await responses.WriteAsync(ack);
        }
    }
}

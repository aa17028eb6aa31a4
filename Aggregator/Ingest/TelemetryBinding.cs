using Google.Protobuf;
using Grpc.Core;
using Observability.Protocol.V1;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Observability.Aggregator.Ingest;

/// <summary>telemetry.v1.TelemetryIngestor as Grpc.Tools would generate it, but for one thing: a batch is not parsed into objects, its bytes are copied.</summary>
internal static class TelemetryBinding
{
    private const string Service = "telemetry.v1.TelemetryIngestor";

    private static readonly Marshaller<BatchMessage> Batches = Marshallers.Create<BatchMessage>(
        static (_, _) => throw new NotSupportedException("Cannot send a batch: this server only receives them."),
        static context => BatchMessage.Copy(context.PayloadAsReadOnlySequence()));

    private static readonly Marshaller<Ack> Acks = Marshallers.Create<Ack>(
        static (ack, context) =>
        {
            context.SetPayloadLength(ack.CalculateSize());
            ack.WriteTo(context.GetBufferWriter());
            context.Complete();
        },
        static context => Ack.Parser.ParseFrom(context.PayloadAsReadOnlySequence()));

    /// <summary>Server reflection looks for it by this name.</summary>
    public static ServiceDescriptor Descriptor => TelemetryReflection.Descriptor.Services[0];

    public static void BindService(ServiceBinderBase binder, ServiceBase? service)
    {
        binder.AddMethod(
            new Method<BatchMessage, Ack>(MethodType.ClientStreaming, Service, nameof(ServiceBase.StreamTelemetry), Batches, Acks),
            service is null ? null : service.StreamTelemetry);
        binder.AddMethod(
            new Method<BatchMessage, Ack>(MethodType.DuplexStreaming, Service, nameof(ServiceBase.Exchange), Batches, Acks),
            service is null ? null : service.Exchange);
    }

    [BindServiceMethod(typeof(TelemetryBinding), nameof(BindService))]
    internal abstract class ServiceBase
    {
        public abstract Task<Ack> StreamTelemetry(IAsyncStreamReader<BatchMessage> requestStream, ServerCallContext context);

        public abstract Task Exchange(IAsyncStreamReader<BatchMessage> requestStream, IServerStreamWriter<Ack> responseStream, ServerCallContext context);
    }
}

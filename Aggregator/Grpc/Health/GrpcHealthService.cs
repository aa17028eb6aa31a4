using System.Threading.Channels;
using Observability.Aggregator.Diagnostics;
using Observability.Protocol;
using Observability.Protocol.Health.V1;
using Status = Observability.Protocol.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Observability.Aggregator.Grpc.Health;

/// <summary>grpc.health.v1.Health over <see cref="ServingState"/>: "" is the server, every mapped service is known by its full name.</summary>
internal sealed class GrpcHealthService(GrpcMethodTable table, ServingState serving, IHostApplicationLifetime lifetime)
{
    public const string CheckPath = "/grpc.health.v1.Health/Check";
    public const string WatchPath = "/grpc.health.v1.Health/Watch";

    public async ValueTask<GrpcStatus> CheckAsync(GrpcServerCall call)
    {
        HealthCheckRequest request = await call.ReadSingleAsync(HealthCheckRequest.Parser);
        if (!IsKnown(request.Service))
        {
            return new(GrpcStatusCode.NotFound, $"Cannot tell the health of '{request.Service}': the server has no such service.");
        }
        call.Write(new HealthCheckResponse { Status = Current });
        return GrpcStatus.Ok;
    }

    public async ValueTask<GrpcStatus> WatchAsync(GrpcServerCall call)
    {
        HealthCheckRequest request = await call.ReadSingleAsync(HealthCheckRequest.Parser);
        bool known = IsKnown(request.Service);
        // One place is enough: whoever wakes looks at the phase, not at what woke it.
        var changes = Channel.CreateBounded<ServingPhase>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        void OnChanged(ServingPhase phase) => changes.Writer.TryWrite(phase);
        serving.Changed += OnChanged;
        try
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(call.Cancelled, lifetime.ApplicationStopping);
            await SendChangesAsync(call, known, changes.Reader, end.Token);
        }
        finally
        {
            serving.Changed -= OnChanged;
        }
        return new(GrpcStatusCode.Unavailable, "The aggregator is shutting down.");
    }

    private Status Current => serving.Phase == ServingPhase.Serving && !lifetime.ApplicationStopping.IsCancellationRequested
        ? Status.Serving
        : Status.NotServing;

    private bool IsKnown(string service) => service.Length == 0 || table.Services.Contains(service);

    private async ValueTask SendChangesAsync(GrpcServerCall call, bool known, ChannelReader<ServingPhase> changes, CancellationToken end)
    {
        Status? sent = null;
        while (!call.Cancelled.IsCancellationRequested)
        {
            bool ending = end.IsCancellationRequested;  // before the status is read: the last one sent is then the last one there is
            Status status = known ? Current : Status.ServiceUnknown;
            if (status != sent)
            {
                call.Write(new HealthCheckResponse { Status = status });
                await call.FlushAsync();
                sent = status;
            }
            if (ending)
            {
                return;
            }
            await ((Task)changes.WaitToReadAsync(end).AsTask()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            changes.TryRead(out _);
        }
    }
}

using Observability.Protocol;

namespace Observability.Aggregator.Grpc;

/// <summary>What the gRPC side counts: once per call, never per message. Any thread writes and reads.</summary>
public sealed class GrpcServerCounters
{
    private readonly long[] _ended = new long[GrpcStatusCodes.Count];
    private long _started;
    private long _active;
    private long _notGrpc;
    private long _failures;

    /// <summary>Calls that came, refused ones included. Started = active + the sum of ended.</summary>
    public long Started => Interlocked.Read(ref _started);

    /// <summary>Calls open now.</summary>
    public long Active => Interlocked.Read(ref _active);

    /// <summary>Requests on a gRPC port that are none: another HTTP method, version or content-type.</summary>
    public long NotGrpc => Interlocked.Read(ref _notGrpc);

    /// <summary>Methods that threw something other than a status.</summary>
    public long Failures => Interlocked.Read(ref _failures);

    /// <summary>Calls that ended with this status, whether a method or the server itself gave it.</summary>
    public long Ended(GrpcStatusCode code) => Interlocked.Read(ref _ended[(int)code]);

    internal void CountNotGrpc() => Interlocked.Increment(ref _notGrpc);

    internal void CountFailure() => Interlocked.Increment(ref _failures);

    /// <returns>How many calls are open now, this one included.</returns>
    internal long Begin()
    {
        Interlocked.Increment(ref _started);
        return Interlocked.Increment(ref _active);
    }

    internal void End(GrpcStatusCode code)
    {
        Interlocked.Increment(ref _ended[(uint)code < GrpcStatusCodes.Count ? (int)code : (int)GrpcStatusCode.Unknown]);
        Interlocked.Decrement(ref _active);
    }
}

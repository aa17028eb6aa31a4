namespace Observability.Protocol;

/// <summary>A call ended, or must end, with this status.</summary>
public sealed class GrpcException : Exception
{
    public GrpcException(GrpcStatus status)
        : this(status, null)
    {
    }

    public GrpcException(GrpcStatus status, Exception? innerException)
        : base(status.ToString(), innerException) => Status = status;

    public GrpcException(GrpcStatusCode code, string detail)
        : this(new GrpcStatus(code, detail), null)
    {
    }

    public GrpcStatus Status { get; }
}

namespace Observability.Protocol;

/// <summary>How the compressed messages of a stream are compressed (header grpc-encoding).</summary>
public enum GrpcEncoding
{
    Identity,
    Gzip,
    Snappy,
}

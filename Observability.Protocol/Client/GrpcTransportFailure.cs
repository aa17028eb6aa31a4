using System.Net;

namespace Observability.Protocol;

/// <summary>What a failure below the protocol means as a status: the tables of the gRPC specification.</summary>
internal static class GrpcTransportFailure
{
    /// <summary>HTTP/2 error codes, RFC 9113 section 7.</summary>
    private enum Http2Error
    {
        RefusedStream = 0x7,
        Cancel = 0x8,
        EnhanceYourCalm = 0xb,
        InadequateSecurity = 0xc,
    }

    public static GrpcStatus ToStatus(Exception exception)
    {
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is GrpcException known)
            {
                return known.Status;
            }
            if (cause is HttpProtocolException protocol && IsReset(protocol))
            {
                return new(FromHttp2Error(protocol.ErrorCode), protocol.Message);
            }
        }
        // What is left: refused, ended and lost connections, names that do not resolve, failed handshakes, time-outs of connecting.
        return new(GrpcStatusCode.Unavailable, (exception.InnerException ?? exception).Message);
    }

    /// <summary>
    /// Whether the server reset this stream, or ended the whole connection (GOAWAY, a ping without an answer), which means UNAVAILABLE
    /// whatever its error code. The platform has one type for both and only its text, which is not translated, tells them apart;
    /// tests of both notice when a runtime words it anew.
    /// </summary>
    private static bool IsReset(HttpProtocolException exception) =>
        exception.Message.Contains("reset the stream", StringComparison.Ordinal)
        || exception.Message.Contains("http2_stream_error", StringComparison.Ordinal);  // the key, in programs trimmed of texts

    public static GrpcStatusCode FromHttpStatus(HttpStatusCode status) => status switch
    {
        HttpStatusCode.BadRequest => GrpcStatusCode.Internal,
        HttpStatusCode.Unauthorized => GrpcStatusCode.Unauthenticated,
        HttpStatusCode.Forbidden => GrpcStatusCode.PermissionDenied,
        HttpStatusCode.NotFound => GrpcStatusCode.Unimplemented,
        HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout
            => GrpcStatusCode.Unavailable,
        _ => GrpcStatusCode.Unknown,
    };

    private static GrpcStatusCode FromHttp2Error(long code) => (Http2Error)code switch
    {
        Http2Error.RefusedStream => GrpcStatusCode.Unavailable,
        Http2Error.Cancel => GrpcStatusCode.Cancelled,
        Http2Error.EnhanceYourCalm => GrpcStatusCode.ResourceExhausted,
        Http2Error.InadequateSecurity => GrpcStatusCode.PermissionDenied,
        _ => GrpcStatusCode.Internal,
    };
}

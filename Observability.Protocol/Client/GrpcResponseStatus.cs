using System.Net;
using System.Net.Http.Headers;

namespace Observability.Protocol;

/// <summary>Reads the status of a call out of its HTTP response.</summary>
internal static class GrpcResponseStatus
{
    /// <summary>The status in these headers, when they name one.</summary>
    public static bool TryRead(HttpHeaders headers, out GrpcStatus status)
    {
        status = default;
        if (!headers.NonValidated.TryGetValues(GrpcHeaders.Status, out HeaderStringValues values))
        {
            return false;
        }
        string message = headers.NonValidated.TryGetValues(GrpcHeaders.Message, out HeaderStringValues text)
            ? GrpcStatusMessage.Decode(text.ToString())
            : "";
        status = GrpcStatusCodes.TryParse(values.ToString(), out GrpcStatusCode code)
            ? new(code, message)
            : new(GrpcStatusCode.Unknown, $"Cannot read grpc-status '{values}': it is not a number. {message}".TrimEnd());
        return true;
    }

    /// <summary>Why a response without a grpc-status in its headers cannot carry messages; null when it can.</summary>
    public static GrpcStatus? Refusal(HttpResponseMessage response)
    {
        if (response.StatusCode != HttpStatusCode.OK)
        {
            return new(GrpcTransportFailure.FromHttpStatus(response.StatusCode),
                $"The server answered with HTTP status {(int)response.StatusCode}: is this the address of a gRPC server?");
        }
        string? contentType = response.Content.Headers.NonValidated.TryGetValues("Content-Type", out HeaderStringValues values)
            ? values.ToString()
            : null;
        return GrpcHeaders.IsGrpcContentType(contentType)
            ? null
            : new(GrpcStatusCode.Unknown, $"The server answered with content-type '{contentType}' instead of {GrpcHeaders.ContentType}.");
    }

    /// <summary>The status after the last message: in the trailers; a response without a body may have it in its headers.</summary>
    public static GrpcStatus ReadFinal(HttpResponseMessage response) =>
        TryRead(response.TrailingHeaders, out GrpcStatus status) || TryRead(response.Headers, out status)
            ? status
            : new(GrpcStatusCode.Unknown, "The server ended its response without a grpc-status.");

    /// <summary>Names in lower case as the protocol has them; several values of one name joined by commas.</summary>
    public static IReadOnlyDictionary<string, string> ToDictionary(HttpHeaders headers) =>
        headers.NonValidated.ToDictionary(
            header => header.Key.ToLowerInvariant(), header => string.Join(',', header.Value), StringComparer.OrdinalIgnoreCase);
}

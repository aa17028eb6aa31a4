using System.Globalization;

namespace Observability.Protocol;

/// <summary>Names and wire form of <see cref="GrpcStatusCode"/>.</summary>
public static class GrpcStatusCodes
{
    /// <summary>How many codes there are; codes are 0 to Count - 1.</summary>
    public const int Count = 17;

    private static readonly string[] Names =
    [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE",
        "DATA_LOSS", "UNAUTHENTICATED",
    ];

    private static readonly string[] Numbers =
        [.. Enumerable.Range(0, Count).Select(code => code.ToString(CultureInfo.InvariantCulture))];

    /// <summary>The name every gRPC document uses, for example RESOURCE_EXHAUSTED.</summary>
    public static string Name(this GrpcStatusCode code) => (uint)code < Count ? Names[(int)code] : "UNKNOWN";

    /// <summary>The value of the header grpc-status.</summary>
    public static string ToHeader(this GrpcStatusCode code) => (uint)code < Count ? Numbers[(int)code] : Numbers[(int)GrpcStatusCode.Unknown];

    /// <summary>Reads the header grpc-status. A number outside the known codes means UNKNOWN; no number at all is false.</summary>
    public static bool TryParse(string header, out GrpcStatusCode code)
    {
        code = GrpcStatusCode.Unknown;
        if (!int.TryParse(header, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
        {
            return false;
        }
        if (number < Count)
        {
            code = (GrpcStatusCode)number;
        }
        return true;
    }
}

namespace Observability.Protocol;

/// <summary>The compressions this side speaks, by their names in grpc-encoding.</summary>
public static class GrpcCompression
{
    /// <summary>Value of grpc-accept-encoding.</summary>
    public const string Accepted = "identity,gzip,snappy";

    /// <summary>An absent header means identity.</summary>
    public static bool TryResolve(string? name, out GrpcEncoding encoding)
    {
        encoding = name switch
        {
            "gzip" => GrpcEncoding.Gzip,
            "snappy" => GrpcEncoding.Snappy,
            _ => GrpcEncoding.Identity,
        };
        return encoding != GrpcEncoding.Identity || string.IsNullOrEmpty(name) || name == "identity";
    }

    /// <summary>As <see cref="TryResolve"/>, for a name out of our own settings.</summary>
    public static GrpcEncoding Require(string? name) => TryResolve(name, out GrpcEncoding encoding)
        ? encoding
        : throw new ArgumentException($"Cannot compress as '{name}': known are {Accepted}.", nameof(name));
}

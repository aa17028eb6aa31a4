using System.Collections.Frozen;

namespace Observability.Aggregator.Grpc;

/// <summary>The methods this server has, by path. Names are matched exactly, as the protocol asks. Filled before the server starts.</summary>
internal sealed class GrpcMethodTable
{
    private readonly Dictionary<string, GrpcMapping> _added = new(StringComparer.Ordinal);
    private volatile FrozenDictionary<string, GrpcMapping>? _frozen;

    private volatile string[]? _services;

    private FrozenDictionary<string, GrpcMapping> Frozen => _frozen ??= _added.ToFrozenDictionary(StringComparer.Ordinal);

    public void Add(string path, GrpcMethod method, GrpcMethodTraits traits)
    {
        string[] parts = path.Split('/');
        if (parts is not ["", { Length: > 0 }, { Length: > 0 }])
        {
            throw new ArgumentException($"Cannot map gRPC method '{path}': write it as /package.Service/Method.", nameof(path));
        }
        if (_frozen is not null)
        {
            throw new InvalidOperationException($"Cannot map gRPC method '{path}': the server has already answered calls. Map it before the start.");
        }
        if (!_added.TryAdd(path, new GrpcMapping(path, parts[1], method, traits)))
        {
            throw new ArgumentException($"Cannot map gRPC method '{path}': it is mapped already.", nameof(path));
        }
    }

    public bool TryGet(string path, out GrpcMapping? mapping) => Frozen.TryGetValue(path, out mapping);

    /// <summary>Full names of the services that have a method here, in order.</summary>
    public IReadOnlyList<string> Services =>
        _services ??= [.. Frozen.Values.Select(mapping => mapping.Service).Distinct().Order(StringComparer.Ordinal)];
}

/// <param name="Path">/package.Service/Method.</param>
/// <param name="Service">package.Service.</param>
/// <param name="Method">What runs.</param>
/// <param name="Traits">What it is exempt from.</param>
internal sealed record GrpcMapping(string Path, string Service, GrpcMethod Method, GrpcMethodTraits Traits);

/// <summary>What a method is exempt from.</summary>
[Flags]
internal enum GrpcMethodTraits
{
    None = 0,

    /// <summary>Runs for a caller that no authorizer was asked about.</summary>
    WithoutKey = 1,

    /// <summary>Runs while the aggregator drains.</summary>
    WhileDraining = 2,
}

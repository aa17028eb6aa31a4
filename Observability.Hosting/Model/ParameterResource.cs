using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A value that whoever runs or deploys the graph decides: <c>--Parameters:name=value</c>, or any other configuration source.</summary>
public sealed class ParameterResource : Resource, IValueProvider, IManifestExpressionProvider
{
    private readonly IConfiguration _configuration;

    internal ParameterResource(string name, IConfiguration configuration, bool secret)
        : base(name)
    {
        _configuration = configuration;
        Secret = secret;
    }

    internal bool Secret { get; }

    string IManifestExpressionProvider.ValueExpression => $"{{{Name}.value}}";

    string IValueProvider.GetValue()
    {
        string key = $"Parameters:{Name}";
        // An environment variable cannot have a hyphen in its name: Parameters__api_keys sets the parameter api-keys.
        return _configuration[key]
            ?? _configuration[key.Replace('-', '_')]
            ?? throw new DistributedApplicationException(
                $"Cannot use parameter '{Name}', because it has no value. Give it one with --{key}=VALUE.");
    }
}

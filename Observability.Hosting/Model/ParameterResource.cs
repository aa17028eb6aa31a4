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

    // An environment variable cannot have a hyphen in its name: Parameters__api_keys sets the parameter api-keys.
    internal string? ConfiguredValue => _configuration[Key] ?? _configuration[Key.Replace('-', '_')];
    private string Key => $"Parameters:{Name}";
    string IManifestExpressionProvider.ValueExpression => $"{{{Name}.value}}";

    string IValueProvider.GetValue() =>
        ConfiguredValue
            ?? throw new DistributedApplicationException(
                $"Cannot use parameter '{Name}', because it has no value. Give it one with --{Key}=VALUE.");
}

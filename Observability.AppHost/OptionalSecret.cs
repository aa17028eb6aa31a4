namespace Observability.AppHost;

/// <summary>A secret that may be empty. Aspire takes an empty parameter for one that somebody has yet to fill in, and everything waits for it.</summary>
internal static class OptionalSecret
{
    /// <summary>Null where the graph runs without a value; published, whoever runs it decides.</summary>
    public static IResourceBuilder<ParameterResource>? AddOptionalSecret(this IDistributedApplicationBuilder builder, string name) =>
        builder.ExecutionContext.IsPublishMode || !string.IsNullOrEmpty(builder.Configuration[$"Parameters:{name}"])
            ? builder.AddParameter(name, secret: true)
            : null;

    public static IResourceBuilder<T> WithSecret<T>(this IResourceBuilder<T> builder, string variable, IResourceBuilder<ParameterResource>? secret)
        where T : IResourceWithEnvironment => secret is null ? builder : builder.WithEnvironment(variable, secret);
}

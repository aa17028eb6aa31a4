namespace Aspire.Hosting;

public static partial class ResourceBuilderExtensions
{
    public static IResourceBuilder<T> WithEnvironment<T>(this IResourceBuilder<T> builder, string name, string? value)
        where T : IResourceWithEnvironment =>
        SetVariable(builder, name, value ?? "");

    public static IResourceBuilder<T> WithEnvironment<T>(this IResourceBuilder<T> builder, string name, EndpointReference endpointReference)
        where T : IResourceWithEnvironment =>
        SetVariable(builder, name, endpointReference);

    public static IResourceBuilder<T> WithEnvironment<T>(this IResourceBuilder<T> builder, string name, ReferenceExpression value)
        where T : IResourceWithEnvironment =>
        SetVariable(builder, name, value);

    public static IResourceBuilder<T> WithEnvironment<T>(
        this IResourceBuilder<T> builder, string name, IResourceBuilder<ParameterResource> parameter)
        where T : IResourceWithEnvironment =>
        SetVariable(builder, name, parameter.Resource);

    /// <summary>Tells this resource every endpoint of <paramref name="source"/>: as <c>{RESOURCE}_{ENDPOINT}</c>, and as .NET's service
    /// discovery reads it.</summary>
    public static IResourceBuilder<TDestination> WithReference<TDestination>(
        this IResourceBuilder<TDestination> builder, IResourceBuilder<IResourceWithServiceDiscovery> source)
        where TDestination : IResourceWithEnvironment
    {
        Resource target = Model(source);
        Model(builder).Environment.Add(context =>
        {
            foreach (EndpointAnnotation endpoint in target.Endpoints)
            {
                var reference = new EndpointReference(target, endpoint.Name);
                context.Variables[$"{EncodeName(target.Name)}_{EncodeName(endpoint.Name)}"] = reference;
                context.Variables[DiscoveryName(target.Name, endpoint, context)] = reference;
            }
        });
        return builder;
    }

    private static IResourceBuilder<T> SetVariable<T>(IResourceBuilder<T> builder, string name, object value)
        where T : IResource
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Model(builder).Environment.Add(context => context.Variables[name] = value);
        return builder;
    }

    private static string DiscoveryName(string resourceName, EndpointAnnotation endpoint, EnvironmentContext context)
    {
        // An endpoint named http or https is found by its scheme, any other by its name.
        string key = endpoint.Name is "http" or "https" ? endpoint.UriScheme : endpoint.Name;
        int index = 0;
        while (context.Variables.ContainsKey($"services__{resourceName}__{key}__{index}"))
        {
            index++;
        }
        return $"services__{resourceName}__{key}__{index}";
    }

    private static string EncodeName(string name) =>
        string.Concat(name.Select(character => char.IsAsciiLetterOrDigit(character) ? char.ToUpperInvariant(character) : '_'));
}

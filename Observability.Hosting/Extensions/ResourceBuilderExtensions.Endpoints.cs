namespace Aspire.Hosting;

public static partial class ResourceBuilderExtensions
{
    /// <summary>Adds a port. Without <paramref name="port"/> a free one is taken; <paramref name="env"/> names the variable that tells
    /// the program which.</summary>
    public static IResourceBuilder<T> WithEndpoint<T>(
        this IResourceBuilder<T> builder,
        int? port = null,
        int? targetPort = null,
        string? scheme = null,
        string? name = null,
        string? env = null,
        bool isProxied = true)
        where T : IResourceWithEndpoints
    {
        string uriScheme = scheme ?? "tcp";
        Resource resource = Model(builder);
        string endpointName = name ?? uriScheme;
        if (resource.FindEndpoint(endpointName) is not null)
        {
            throw new DistributedApplicationException(
                $"Cannot add endpoint '{endpointName}' to '{resource.Name}', because it has one of that name already.");
        }
        resource.Endpoints.Add(new EndpointAnnotation(endpointName, uriScheme)
        {
            Port = port,
            TargetPort = targetPort,
            PortVariable = env,
            IsProxied = isProxied,
        });
        if (env is not null)
        {
            var targetPortValue = new EndpointReferenceExpression(new EndpointReference(resource, endpointName), EndpointProperty.TargetPort);
            resource.Environment.Add(context => context.Variables[env] = targetPortValue);
        }
        return builder;
    }

    public static IResourceBuilder<T> WithEndpoint<T>(
        this IResourceBuilder<T> builder, string endpointName, Action<EndpointAnnotation> callback)
        where T : IResourceWithEndpoints
    {
        callback(new EndpointReference(Model(builder), endpointName).Annotation);
        return builder;
    }

    public static IResourceBuilder<T> WithHttpEndpoint<T>(
        this IResourceBuilder<T> builder,
        int? port = null,
        int? targetPort = null,
        string? name = null,
        string? env = null,
        bool isProxied = true)
        where T : IResourceWithEndpoints =>
        builder.WithEndpoint(port, targetPort, scheme: "http", name, env, isProxied);

    /// <summary>Users reach the http and https endpoints declared so far.</summary>
    public static IResourceBuilder<T> WithExternalHttpEndpoints<T>(this IResourceBuilder<T> builder)
        where T : IResourceWithEndpoints
    {
        foreach (EndpointAnnotation endpoint in Model(builder).Endpoints)
        {
            endpoint.IsExternal |= endpoint.UriScheme is "http" or "https";
        }
        return builder;
    }

    public static EndpointReference GetEndpoint<T>(this IResourceBuilder<T> builder, string name)
        where T : IResourceWithEndpoints =>
        new EndpointReference(Model(builder), name);
}

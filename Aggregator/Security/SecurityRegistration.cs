using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Security;

internal static class SecurityRegistration
{
    public static IServiceCollection AddSecurity(this IServiceCollection services)
    {
        services.AddVariables<SecurityOptions>().PostConfigure(security => security.Parse());
        services.AddSingleton<OriginPolicy>();
        return services;
    }

    public static IApplicationBuilder UseAccess(this IApplicationBuilder app) => app.UseMiddleware<AccessMiddleware>();

    /// <summary>The policy of every endpoint mapped into the group.</summary>
    public static RouteGroupBuilder For(this IEndpointRouteBuilder endpoints, Access access)
    {
        RouteGroupBuilder group = endpoints.MapGroup("").WithMetadata(new AccessMetadata(access));
        if (access == Access.View)
        {
            ((IEndpointConventionBuilder)group).Finally(AcceptPreflight);
        }
        return group;
    }

    /// <summary>
    /// A page that sends a token is preceded by its browser's question whether it may: routing then finds the endpoint that the page means,
    /// and <see cref="AccessMiddleware"/> answers in its place.
    /// </summary>
    private static void AcceptPreflight(EndpointBuilder endpoint)
    {
        if (endpoint.Metadata.OfType<HttpMethodMetadata>().LastOrDefault() is { } methods)
        {
            endpoint.Metadata.Add(new HttpMethodMetadata(methods.HttpMethods, acceptCorsPreflight: true));
        }
    }
}

using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Grpc;

namespace Observability.Aggregator.Security;

internal static class SecurityRegistration
{
    public static IServiceCollection AddSecurity(this IServiceCollection services)
    {
        services.AddSettings(SecuritySettings.Read);
        services.AddSingleton<OriginPolicy>();
        services.AddSingleton<IGrpcAuthorizer, GrpcKeyAuthorizer>();
        return services;
    }

    public static IApplicationBuilder UseAccess(this IApplicationBuilder app) => app.UseMiddleware<AccessMiddleware>();

    /// <summary>The policy of every endpoint mapped into the group.</summary>
    public static RouteGroupBuilder For(this IEndpointRouteBuilder endpoints, Access access) =>
        endpoints.MapGroup("").WithMetadata(new AccessMetadata(access));
}

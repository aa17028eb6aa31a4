using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Listening;

internal static class ListeningRegistration
{
    public static IServiceCollection AddListening(this IServiceCollection services)
    {
        services.AddListeningOptions();
        services.AddSingleton<IPlatformFamilies>(provider => provider.GetRequiredService<TlsOptions>());
        services.AddSingleton<IMemoryPoolFactory<byte>, BlockMemoryPoolFactory>();
        services.AddSingleton<BoundPorts>();
        services.AddSingleton<MatcherPolicy, ListenerMatcherPolicy>();
        services.AddSingleton<IConfigureOptions<KestrelServerOptions>>(provider => new ConfigureOptions<KestrelServerOptions>(server =>
        {
            server.AddServerHeader = false;
            BoundPorts ports = provider.GetRequiredService<BoundPorts>();
            foreach (Listener listener in Enum.GetValues<Listener>())
            {
                ports.Open(server, listener);
            }
        }));
        services.AddHostedService<ReadyLine>();
        return services;
    }

    /// <summary>Where the process listens, and which ports speak TLS.</summary>
    public static IServiceCollection AddListeningOptions(this IServiceCollection services)
    {
        services.AddVariables<ListeningOptions>().PostConfigure(listening => listening.Normalize());
        services.AddVariables<TlsOptions>().PostConfigure<TimeProvider>((tls, time) => tls.Load(time.GetUtcNow()));
        return services;
    }

    public static IServiceCollection AddDashboard(this IServiceCollection services)
    {
        services.AddVariables<DashboardOptions>().PostConfigure(dashboard => dashboard.Normalize());
        services.AddSingleton<DashboardFiles>();
        return services;
    }

    /// <summary>The endpoints mapped into the group answer on this port only. Who answers GET answers HEAD, with the same status and headers.</summary>
    public static RouteGroupBuilder On(this IEndpointRouteBuilder endpoints, Listener listener)
    {
        RouteGroupBuilder group = endpoints.MapGroup("").WithMetadata(new ListenerMetadata(listener));
        ((IEndpointConventionBuilder)group).Finally(AnswerHead);
        return group;
    }

    private static void AnswerHead(EndpointBuilder endpoint)
    {
        if (endpoint.Metadata.OfType<HttpMethodMetadata>().LastOrDefault() is { } methods
            && methods.HttpMethods.Contains(HttpMethods.Get) && !methods.HttpMethods.Contains(HttpMethods.Head))
        {
            endpoint.Metadata.Add(new HttpMethodMetadata([.. methods.HttpMethods, HttpMethods.Head], methods.AcceptCorsPreflight));
        }
    }
}

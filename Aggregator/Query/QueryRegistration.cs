using System.Text.Json;
using Observability.Aggregator.Listening;

namespace Observability.Aggregator.Query;

internal static class QueryRegistration
{
    public static IServiceCollection AddQuery(this IServiceCollection services)
    {
        services.AddOpenApi();
        services.AddProblemDetails();
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            json.SerializerOptions.DictionaryKeyPolicy = null;
        });
        return services;
    }

    /// <summary>Every failed request of the web port is answered with problem details (RFC 9457); gRPC tells its own way.</summary>
    public static void UseWebErrors(this IApplicationBuilder app) => app.UseWhen(
        context => context.Features.Get<ListenerFeature>()?.Listener != Listener.Grpc,
        web =>
        {
            web.UseExceptionHandler();
            web.UseStatusCodePages();
        });

    public static void MapQuery(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapOpenApi();
    }
}

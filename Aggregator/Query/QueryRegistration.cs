using System.Text.Json;
using Microsoft.OpenApi;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Listening;

namespace Observability.Aggregator.Query;

internal static class QueryRegistration
{
    public static IServiceCollection AddQuery(this IServiceCollection services)
    {
        services.AddSection<QueryOptions>(QueryOptions.Section);
        services.AddSingleton<QueryGate>();
        services.AddSingleton<SeriesIndex>();
        services.AddOpenApi(openApi => openApi.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "Observability aggregator";
            document.Info.Description = "What is in the aggregator's memory. Errors are problem details (RFC 9457); whole numbers that may exceed 2^53 are decimal strings.";
            foreach (IOpenApiPathItem path in document.Paths.Values)
            {
                path.Operations?.Remove(HttpMethod.Head);           // as GET, without a body
            }
            return Task.CompletedTask;
        }));
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
        RouteGroupBuilder api = endpoints.MapGroup("/api").WithTags("Query");
        api.MapGet("/series", QueryEndpoints.ListSeries)
            .WithName("ListSeries").WithSummary("Series by selector.").Produces<SeriesReport>().ProducesProblem(StatusCodes.Status400BadRequest);
        api.MapGet("/services", QueryEndpoints.ListServices).WithName("ListServices").WithSummary("Services and their instances.");
        api.MapGet("/samples", QueryEndpoints.ReadSamples)
            .WithName("ReadSamples").WithSummary("Samples of a range: raw, or one value a step.").Produces<SamplesReport>()
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }
}

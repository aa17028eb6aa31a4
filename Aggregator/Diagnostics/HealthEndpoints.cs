namespace Observability.Aggregator.Diagnostics;

/// <summary>GET /health says whether work is taken, GET /alive that the process answers at all.</summary>
internal static class HealthEndpoints
{
    public const string HealthPath = "/health";
    public const string AlivePath = "/alive";

    public static IResult Health(ServingState serving)
    {
        ServingPhase phase = serving.Phase;
        return Results.Json(
            new HealthReport(phase.ToString().ToLowerInvariant()),
            statusCode: phase == ServingPhase.Serving ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    public static IResult Alive() => Results.Json(new HealthReport("alive"));

    internal sealed record HealthReport(string Status);
}

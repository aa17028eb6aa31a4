using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Triggers;

internal static class TriggersRegistration
{
    public static IServiceCollection AddTriggers(this IServiceCollection services)
    {
        services.AddSection<TriggerOptions>(TriggerOptions.Section).PostConfigure(options => ConfiguredRules.Read(options));
        services.AddSingleton(provider => ConfiguredRules.Read(provider.GetRequiredService<TriggerOptions>()));
        services.AddSingleton<TriggerCounters>();
        services.AddSingleton<FiringLog>();
        services.AddSingleton<WebhookQueue>();
        services.AddSingleton<TriggerEvents>();
        services.AddSingleton<RulesFile>();
        services.AddSingleton<TriggerEngine>();
        services.AddSingleton<TriggerRules>();
        services.AddSingleton<IPlatformFamilies, TriggerMetrics>();
        services.AddHostedService(provider => provider.GetRequiredService<TriggerEngine>());
        services.AddHostedService(provider => provider.GetRequiredService<TriggerRules>());
        services.AddHostedService<WebhookLoop>();
        return services;
    }

    public static void MapTriggers(this IEndpointRouteBuilder endpoints)
    {
        RouteGroupBuilder api = endpoints.MapGroup("/api/triggers").WithTags("Triggers");
        api.MapGet("", TriggerEndpoints.ListAsync).WithName("ListTriggers").WithSummary("Rules and their state.");
        api.MapPost("", TriggerEndpoints.AddAsync).WithName("AddTrigger").WithSummary("Adds a rule.")
            .Accepts<TriggerDefinition>("application/json").Produces<RuleReport>(StatusCodes.Status201Created)
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status409Conflict);
        api.MapPut("/{id}", TriggerEndpoints.ReplaceAsync).WithName("ReplaceTrigger").WithSummary("Changes a rule.")
            .Accepts<TriggerDefinition>("application/json").Produces<RuleReport>()
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound);
        api.MapDelete("/{id}", TriggerEndpoints.RemoveAsync).WithName("RemoveTrigger").WithSummary("Removes a rule.")
            .Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);
        api.MapGet("/firings", TriggerEndpoints.ListFirings)
            .WithName("ListFirings").WithSummary("What fired, newest first.").Produces<FiringsReport>();
        api.MapGet("/firings/{id:long}/capture", TriggerEndpoints.ReadCaptureAsync)
            .WithName("ReadCapture").WithSummary("The samples that a firing kept, at full resolution.")
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        api.MapGet("/events", TriggerEndpoints.EventsAsync).ExcludeFromDescription();
    }
}

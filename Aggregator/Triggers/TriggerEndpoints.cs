using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace Observability.Aggregator.Triggers;

/// <summary>The HTTP API of rules and firings.</summary>
internal static class TriggerEndpoints
{
    private const int LimitDefault = 100;
    private static readonly TimeSpan EventInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    private static readonly JsonSerializerOptions Strict = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    public static Task<TriggersReport> ListAsync(TriggerEngine engine, TriggerEvents events, TriggerOptions options, RulesFile file) =>
        engine.RunAsync(() => new TriggersReport(
            events.Version, options.AllowEdits, file.IsKept, [.. options.Webhooks.Keys.Order(StringComparer.Ordinal)],
            new TriggersReport.LimitReport(
                options.RulesMax, options.SeriesPerRuleMax, options.FiringsMax, TriggerRule.TimeMsMax, TriggerRule.CaptureMsMax),
            [.. engine.Rules.Select(RuleReport.Of)]));

    public static async Task<IResult> AddAsync(HttpContext context, TriggerRules rules, TriggerEngine engine)
    {
        (TriggerDefinition? definition, IResult? refused) = await ReadAsync(context);
        return refused ?? await AnswerAsync(await rules.AddAsync(definition!), engine, isNew: true);
    }

    public static async Task<IResult> ReplaceAsync(string id, HttpContext context, TriggerRules rules, TriggerEngine engine)
    {
        (TriggerDefinition? definition, IResult? refused) = await ReadAsync(context);
        return refused ?? await AnswerAsync(await rules.ReplaceAsync(id, definition!), engine, isNew: false);
    }

    public static async Task<IResult> RemoveAsync(string id, TriggerRules rules)
    {
        RuleChange change = await rules.RemoveAsync(id);
        return change.Outcome == RuleOutcome.Done ? Results.NoContent() : Refuse(change);
    }

    public static IResult ListFirings(
        FiringLog log, TriggerOptions options,
        [Description("Only those of this rule.")] string? rule,
        [Description("Firings in the answer, newest first. Default: 100.")] int? limit)
    {
        if (limit is < 0 || limit > options.FiringsMax)
        {
            return Refuse(
                StatusCodes.Status400BadRequest, $"Cannot list firings: limit is {limit}, allowed is 0 to {options.FiringsMax} (Triggers:FiringsMax).");
        }
        (long total, IReadOnlyList<Firing> firings) = log.List(rule, limit ?? int.Min(LimitDefault, options.FiringsMax));
        return Results.Json(new FiringsReport((int)total, [.. firings.Select(FiringReport.Of)]));
    }

    public static async Task<IResult> ReadCaptureAsync(long id, FiringLog log, IOptions<JsonOptions> json, HttpContext context)
    {
        Firing? firing = log.TryFind(id, out Capture? capture);
        if (capture is null)
        {
            return firing?.Capture == CaptureState.Pending
                ? Refuse(StatusCodes.Status409Conflict, $"Cannot show firing {id} yet: its seconds after are still being recorded.")
                : Refuse(StatusCodes.Status404NotFound, $"Cannot find what firing {id} kept: it is unknown or was dropped at a limit.");
        }
        context.Response.ContentType = "application/json";
        await CaptureWriter.WriteAsync(capture, json.Value.SerializerOptions, context.Response.Body, context.RequestAborted);
        return Results.Empty;
    }

    /// <summary>Server-sent events: one for each change, at most one an interval, and a comment when nothing happens for long.</summary>
    public static async Task EventsAsync(HttpContext context, TriggerEvents events, IHostApplicationLifetime lifetime)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }
        try
        {
            while (true)
            {
                long version = events.Version;
                await context.Response.WriteAsync($"event: change\ndata: {{\"version\":{version}}}\n\n", ended.Token);
                await Task.Delay(EventInterval, ended.Token);
                while (!await ChangedAsync(events, version, ended.Token))
                {
                    await context.Response.WriteAsync(": nothing new\n\n", ended.Token);
                }
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The reader has gone, or we are about to.
        }
    }

    private static async Task<bool> ChangedAsync(TriggerEvents events, long version, CancellationToken cancellationToken)
    {
        using var quiet = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        quiet.CancelAfter(KeepAlive);
        try
        {
            await events.WaitAsync(version, quiet.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    // Only application/json: a page of another origin cannot send that without asking first.
    private static async Task<(TriggerDefinition? Definition, IResult? Refused)> ReadAsync(HttpContext context)
    {
        if (!context.Request.HasJsonContentType())
        {
            return (null, Refuse(StatusCodes.Status415UnsupportedMediaType, "Cannot read the rule: send it as application/json."));
        }
        try
        {
            TriggerDefinition? definition =
                await JsonSerializer.DeserializeAsync<TriggerDefinition>(context.Request.Body, Strict, context.RequestAborted);
            return definition is null ? (null, Unreadable("it is null.")) : (definition, null);
        }
        catch (JsonException unreadable)
        {
            return (null, Unreadable(unreadable.Message));
        }
    }

    private static IResult Unreadable(string why) => Refuse(StatusCodes.Status400BadRequest, $"Cannot read the rule: {why}");

    private static async Task<IResult> AnswerAsync(RuleChange change, TriggerEngine engine, bool isNew)
    {
        if (change.Outcome != RuleOutcome.Done)
        {
            return Refuse(change);
        }
        if (change.Message.Length > 0)
        {
            return Refuse(StatusCodes.Status507InsufficientStorage, change.Message);
        }
        string id = change.Rule!.Id;
        RuleReport report = await engine.RunAsync(() => RuleReport.Of(engine.Rules.Single(one => one.Rule.Id == id)));
        return isNew ? Results.Created($"/api/triggers/{id}", report) : Results.Json(report);
    }

    private static IResult Refuse(RuleChange change)
    {
        int status = change.Outcome switch
        {
            RuleOutcome.NotFound => StatusCodes.Status404NotFound,
            RuleOutcome.Conflict => StatusCodes.Status409Conflict,
            RuleOutcome.NotAllowed => StatusCodes.Status403Forbidden,
            _ => StatusCodes.Status400BadRequest,
        };
        return Refuse(status, change.Message);
    }

    private static IResult Refuse(int status, string detail) => Results.Problem(detail, statusCode: status);
}

using System.ComponentModel.DataAnnotations;

namespace Observability.Aggregator.Triggers;

/// <summary>Rules that come with the configuration, where their firings are sent, and what triggers may cost.</summary>
internal sealed class TriggerOptions
{
    public const string Section = "Triggers";

    /// <summary>How often new samples are looked at. Every sample is: this only delays the firing.</summary>
    [Range(1, 1000)] public int EvaluateEveryMs { get; init; } = 20;

    /// <summary>Rules, those of the configuration included.</summary>
    [Range(0, 10_000)] public int RulesMax { get; init; } = 256;

    /// <summary>Series that one rule watches; more that match are left out and counted.</summary>
    [Range(1, 1_000_000)] public int SeriesPerRuleMax { get; init; } = 4096;

    /// <summary>Firings in the history; the oldest goes first.</summary>
    [Range(1, 100_000)] public int FiringsMax { get; init; } = 1000;

    /// <summary>Memory of what firings keep; at the limit the oldest is dropped.</summary>
    [Range(0, 4_294_967_296)] public long CaptureBytesMax { get; init; } = 64 * 1024 * 1024;

    /// <summary>Series that one firing keeps.</summary>
    [Range(1, 10_000)] public int CaptureSeriesMax { get; init; } = 256;

    /// <summary>Firings whose seconds after are still awaited; beyond it a firing keeps nothing.</summary>
    [Range(1, 10_000)] public int CapturesPendingMax { get; init; } = 64;

    /// <summary>Whether rules can be added, changed and removed through the API.</summary>
    public bool AllowEdits { get; init; } = true;

    /// <summary>Where rules made through the API are kept; empty: they end with the process.</summary>
    public string RulesFile { get; init; } = "";

    /// <summary>How long a webhook may take to answer.</summary>
    [Range(100, 60_000)] public int WebhookTimeoutMs { get; init; } = 5000;

    /// <summary>Attempts for one message, with a delay that doubles from half a second.</summary>
    [Range(1, 20)] public int WebhookAttemptsMax { get; init; } = 6;

    /// <summary>Messages that wait for a webhook; more are dropped and counted.</summary>
    [Range(1, 10_000)] public int WebhookQueueMax { get; init; } = 256;

    /// <summary>Addresses that rules name: a rule made through the API can only choose among them.</summary>
    public Dictionary<string, string> Webhooks { get; init; } = [];

    public List<TriggerDefinition> Rules { get; init; } = [];
}

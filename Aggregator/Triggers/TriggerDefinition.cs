using System.ComponentModel;

namespace Observability.Aggregator.Triggers;

/// <summary>A rule as a person writes it, in the configuration or through the API.</summary>
internal sealed record TriggerDefinition
{
    [Description("1 to 200 characters; no other rule has it.")]
    public string Name { get; init; } = "";

    [Description("Which series are watched, each for itself: PromQL's series selector.")]
    public string Selector { get; init; } = "";

    [Description("What of a sample is compared: value; rate (per second); of histograms min, max, mean or count.")]
    public string Measure { get; init; } = "value";

    [Description("Time over which a rate is taken. Default: from sample to sample for gauges, 1000 for counters.")]
    public int? OverMs { get; init; }

    [Description(">, >=, <, <=, == or !=.")]
    public string Condition { get; init; } = ">";

    [Description("What the measure is compared with, in the series' unit.")]
    public double? Threshold { get; init; }

    [Description("A firing ends when the condition no longer holds against this. Default: the threshold.")]
    public double? ClearThreshold { get; init; }

    [Description("How long the condition must hold, by the samples' timestamps; 0: one sample is enough.")]
    public int ForMs { get; init; }

    [Description("How long it must not hold before a firing ends.")]
    public int ClearForMs { get; init; } = 200;

    [Description("Rest after a firing's end before the same series fires again.")]
    public int HoldoffMs { get; init; } = 1000;

    [Description("What a firing keeps from before the condition began to hold.")]
    public int BeforeMs { get; init; } = 5000;

    [Description("What it keeps from after it fired.")]
    public int AfterMs { get; init; } = 5000;

    [Description("Which series a firing keeps. Default: all of the instance that fired.")]
    public string? Capture { get; init; }

    [Description("Name of a webhook of the configuration (Triggers:Webhooks).")]
    public string? Webhook { get; init; }

    public bool Enabled { get; init; } = true;
}

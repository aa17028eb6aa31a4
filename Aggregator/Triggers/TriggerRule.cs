using System.Globalization;
using Observability.Aggregator.Selectors;

namespace Observability.Aggregator.Triggers;

/// <summary>A rule that has been read: what the engine works with. Immutable.</summary>
internal sealed class TriggerRule
{
    public const int NameLengthMax = 200;
    public const int TimeMsMax = 600_000;
    public const int CaptureMsMax = 60_000;
    private const long NsPerMs = 1_000_000;
    private const int CounterOverMs = 1000;

    private TriggerRule(TriggerDefinition definition, bool isConfigured)
    {
        Definition = definition;
        IsConfigured = isConfigured;
        Id = IdOf(definition.Name);
    }

    /// <summary>The name in lower case, letters and digits with dashes between: what links name.</summary>
    public string Id { get; }

    public TriggerDefinition Definition { get; }

    /// <summary>From the configuration: the API does not change it.</summary>
    public bool IsConfigured { get; }

    public Selector Selector { get; private init; } = null!;

    /// <summary>Null: all series of the source that fired.</summary>
    public Selector? Capture { get; private init; }

    public TriggerMeasure Measure { get; private init; }

    public TriggerCondition Condition { get; private init; }

    public double Threshold { get; private init; }

    public double ClearThreshold { get; private init; }

    public long ForNs => Definition.ForMs * NsPerMs;

    public long ClearForNs => Definition.ClearForMs * NsPerMs;

    public long HoldoffNs => Definition.HoldoffMs * NsPerMs;

    public long BeforeNs => Definition.BeforeMs * NsPerMs;

    public long AfterNs => Definition.AfterMs * NsPerMs;

    public long OverNs(Storage.SeriesKind kind) =>
        (Definition.OverMs ?? (kind == Storage.SeriesKind.Counter ? CounterOverMs : 0)) * NsPerMs;

    /// <summary>False with one sentence that says which part of the rule cannot be used, its value, and what is allowed.</summary>
    public static bool TryRead(
        TriggerDefinition definition, TriggerOptions options, bool isConfigured, out TriggerRule? rule, out string error)
    {
        rule = null;
        if (!TryReadParts(definition, out Selector? selector, out Selector? capture, out error))
        {
            return false;
        }
        error = Check(definition, options);
        if (error.Length > 0)
        {
            return false;
        }
        _ = TriggerMeasures.TryParse(definition.Measure, out TriggerMeasure measure);
        _ = TriggerConditions.TryParse(definition.Condition, out TriggerCondition condition);
        double threshold = definition.Threshold!.Value;
        rule = new TriggerRule(definition, isConfigured)
        {
            Selector = selector!,
            Capture = capture,
            Measure = measure,
            Condition = condition,
            Threshold = threshold,
            ClearThreshold = definition.ClearThreshold ?? threshold,
        };
        return true;
    }

    public static string IdOf(string name)
    {
        string[] words = new string([.. name.Select(letter => char.IsAsciiLetterOrDigit(letter) ? char.ToLowerInvariant(letter) : ' ')])
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        // A name without a letter that a link can hold is still told apart from others.
        return words.Length > 0 ? string.Join('-', words) : $"rule-{Convert.ToHexStringLower(System.Text.Encoding.UTF8.GetBytes(name))}";
    }

    private static bool TryReadParts(TriggerDefinition definition, out Selector? selector, out Selector? capture, out string error)
    {
        capture = null;
        if (!Selector.TryParse(definition.Selector, out selector, out error))
        {
            error = $"Cannot use the rule's selector '{definition.Selector}': {error}";
            return false;
        }
        if (definition.Capture is not null && !Selector.TryParse(definition.Capture, out capture, out error))
        {
            error = $"Cannot use the rule's capture '{definition.Capture}': {error}";
            return false;
        }
        return true;
    }

    private static string Check(TriggerDefinition definition, TriggerOptions options)
    {
        (string Part, string Value, string Allowed, bool Holds)[] parts =
        [
            ("name", definition.Name, $"1 to {NameLengthMax} characters", IsName(definition.Name)),
            ("measure", definition.Measure, TriggerMeasures.NamesText, TriggerMeasures.TryParse(definition.Measure, out _)),
            ("condition", definition.Condition, TriggerConditions.SymbolsText, TriggerConditions.TryParse(definition.Condition, out _)),
            ("threshold", Text(definition.Threshold), "a finite number", double.IsFinite(definition.Threshold ?? double.NaN)),
            ("clear_threshold", Text(definition.ClearThreshold), "a finite number", double.IsFinite(definition.ClearThreshold ?? 0)),
            Time("over_ms", definition.OverMs ?? 0, CaptureMsMax),
            Time("for_ms", definition.ForMs, TimeMsMax),
            Time("clear_for_ms", definition.ClearForMs, TimeMsMax),
            Time("holdoff_ms", definition.HoldoffMs, TimeMsMax),
            Time("before_ms", definition.BeforeMs, CaptureMsMax),
            Time("after_ms", definition.AfterMs, CaptureMsMax),
            ("webhook", definition.Webhook ?? "", WebhookNames(options), IsWebhook(definition.Webhook, options)),
        ];
        foreach ((string part, string value, string allowed, bool holds) in parts)
        {
            if (!holds)
            {
                return $"Cannot use the rule: {part} is '{value}', allowed is {allowed}.";
            }
        }
        return "";
    }

    private static bool IsName(string name) => name.Trim().Length > 0 && name.Length <= NameLengthMax;

    private static (string Part, string Value, string Allowed, bool Holds) Time(string part, int valueMs, int maxMs) =>
        (part, valueMs.ToString(CultureInfo.InvariantCulture), $"0 to {maxMs}", valueMs >= 0 && valueMs <= maxMs);

    private static bool IsWebhook(string? name, TriggerOptions options) => name is null || options.Webhooks.ContainsKey(name);

    private static string WebhookNames(TriggerOptions options) =>
        options.Webhooks.Count == 0 ? "none: no webhook is configured (Triggers:Webhooks)" : string.Join(", ", options.Webhooks.Keys);

    private static string Text(double? value) => value?.ToString("R", CultureInfo.InvariantCulture) ?? "";
}

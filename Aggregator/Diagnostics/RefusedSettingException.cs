using Microsoft.Extensions.Options;

namespace Observability.Aggregator.Diagnostics;

/// <summary>A setting that cannot be used. Its message is the one line with which the start ends.</summary>
internal sealed class RefusedSettingException(string setting, string? value, string allowed)
    : OptionsValidationException(setting, typeof(RefusedSettingException), [Line(setting, value, allowed)])
{
    public string Setting { get; } = setting;

    public static string Line(string setting, string? value, string allowed) => $"Cannot start: {setting} is '{value}', allowed is {allowed}.";
}

namespace Observability.Aggregator.Diagnostics;

/// <summary>A setting that cannot be used. Its message is the one line with which the start ends.</summary>
internal sealed class SettingException(string name, string? value, string allowed)
    : Exception($"Cannot start: {name} is '{value}', allowed is {allowed}.")
{
    public string Name { get; } = name;
}

namespace Observability.Aggregator.Histograms;

/// <summary>Units of time by their UCUM codes, and as people write them.</summary>
internal static class TimeUnits
{
    /// <summary>Seconds of one such unit; null when it is none.</summary>
    public static double? SecondsOf(string unit) => unit switch
    {
        "s" => 1,
        "ms" => 1e-3,
        "us" or "µs" => 1e-6,
        "ns" => 1e-9,
        "min" => 60,
        "h" => 3600,
        _ => null,
    };

    /// <summary>What a value of one unit is multiplied by to be in the other; null where they cannot be added up.</summary>
    public static double? Factor(string from, string to) => from == to ? 1 : SecondsOf(from) / SecondsOf(to);
}

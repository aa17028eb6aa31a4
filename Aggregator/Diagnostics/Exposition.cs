using System.Globalization;

namespace Observability.Aggregator.Diagnostics;

/// <summary>Numbers as Prometheus writes them.</summary>
internal static class Exposition
{
    public static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        double.NaN => "NaN",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };
}

using System.Globalization;
using System.Text;

namespace Observability.Aggregator.Export;

/// <summary>
/// The bounds of telemetry_latency_seconds_bucket: the preferred numbers R10, ten a decade from 100 us to 100 s. Neighbours are 26 % apart, and
/// the bounds are the same for ever and for every service, so that rates of them add up.
/// </summary>
internal static class LatencyBounds
{
    private static readonly string[] Mantissas = ["1", "1.25", "1.6", "2", "2.5", "3.2", "4", "5", "6.3", "8"];

    public static readonly double[] Seconds =
        [.. Enumerable.Range(-4, 6).SelectMany(exponent => Mantissas.Select(mantissa => Parse($"{mantissa}E{exponent}"))), 100];

    /// <summary>As values of le; one more than there are bounds, for everything above.</summary>
    public static readonly byte[][] Texts = [.. Seconds.Append(double.PositiveInfinity).Select(bound => Encoding.UTF8.GetBytes(MetricNames.LabelNumber(bound)))];

    /// <summary>The first bound that is not below; past the last one, the index of everything above.</summary>
    public static int IndexOf(double upperSeconds)
    {
        // A power of two that should equal a bound may be off by its rounding.
        int index = Array.BinarySearch(Seconds, upperSeconds * (1 - 1e-12));
        return index >= 0 ? index : ~index;
    }

    private static double Parse(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}

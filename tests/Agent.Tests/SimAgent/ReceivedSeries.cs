using System.Globalization;
using System.Text.Json;

namespace Observability.Agent.Tests.SimAgent;

/// <summary>A sample as the aggregator's query API gives it, Seconds after the run's start. A histogram's Value is its mean.</summary>
internal readonly record struct ReceivedPoint(double Seconds, double Value, double Count);

/// <summary>Everything the aggregator holds of one instance, by series (name and the label that tells it from its siblings).</summary>
internal sealed class ReceivedSeries
{
    private readonly Dictionary<string, List<ReceivedPoint>> _points = new(StringComparer.Ordinal);

    public IReadOnlyCollection<string> Names => _points.Keys;

    public IReadOnlyList<ReceivedPoint> this[string name] => _points[name];

    public IEnumerable<ReceivedPoint> Of(string name, Func<double, bool> at) => _points[name].Where(point => at(point.Seconds));

    public double Last(string name) => _points[name][^1].Value;

    /// <summary>Adds an answer of /api/samples without a step.</summary>
    public void Add(JsonElement answer, long startNs)
    {
        Assert.False(answer.GetProperty("truncated").GetBoolean());
        foreach (JsonElement series in answer.GetProperty("series").EnumerateArray())
        {
            Assert.Equal(0, series.GetProperty("overwritten").GetInt64());
            string name = series.GetProperty("name").GetString()!;
            string labels = string.Join(',', series.GetProperty("labels").EnumerateObject().Select(label => $"{label.Name}={label.Value}"));
            string key = labels.Length == 0 ? name : $"{name}{{{labels}}}";
            if (!_points.TryGetValue(key, out List<ReceivedPoint>? points))
            {
                _points.Add(key, points = []);
            }
            double[] seconds = [.. series.GetProperty("timestamps_ns").EnumerateArray().Select(time => Seconds(time, startNs))];
            if (series.GetProperty("kind").GetString() == "histogram")
            {
                double[] counts = Numbers(series, "count");
                double[] sums = Numbers(series, "sum");
                points.AddRange(seconds.Select((time, i) => new ReceivedPoint(time, counts[i] > 0 ? sums[i] / counts[i] : 0, counts[i])));
            }
            else
            {
                double[] values = Numbers(series, "values");
                points.AddRange(seconds.Select((time, i) => new ReceivedPoint(time, values[i], 1)));
            }
        }
    }

    private static double Seconds(JsonElement timestampNs, long startNs) =>
        (long.Parse(timestampNs.GetString()!, CultureInfo.InvariantCulture) - startNs) / 1e9;

    private static double[] Numbers(JsonElement series, string column) =>
        [.. series.GetProperty(column).EnumerateArray().Select(value => value.GetDouble())];
}

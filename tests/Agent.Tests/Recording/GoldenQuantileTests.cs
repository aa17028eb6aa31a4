using System.Runtime.CompilerServices;
using System.Text.Json;
using Observability.Agent.Recording;

namespace Observability.Agent.Tests.Recording;

/// <summary>The quantiles that agent, aggregator and page agree on. An agent chooses its own buckets, so what is compared is the measurement of that rank.</summary>
public sealed class GoldenQuantileTests
{
    public static TheoryData<string, double[]> EveryMeasuredCase()
    {
        var cases = new TheoryData<string, double[]>();
        foreach (JsonElement golden in JsonDocument.Parse(File.ReadAllText(GoldenFile())).RootElement.EnumerateArray())
        {
            if (golden.TryGetProperty("values", out JsonElement values))
            {
                cases.Add(golden.GetProperty("description").GetString()!, [.. values.EnumerateArray().Select(value => value.GetDouble())]);
            }
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(EveryMeasuredCase))]
    public void Quantile_OfGoldenMeasurements_IsTheOneOfThatRankWithinABucket(string description, double[] values)
    {
        var histogram = new HistogramAccumulator();
        foreach (double value in values)
        {
            histogram.Add(value);
        }
        Array.Sort(values);
        double width = Math.Pow(2, Math.Pow(2, -histogram.Scale));
        for (int permille = 0; permille <= 1000; permille++)
        {
            double expected = values[Math.Max(1, ((permille * values.Length) + 999) / 1000) - 1];
            double found = histogram.Quantile(permille / 1000.0);
            double ratio = expected == 0 ? found == 0 ? 1 : double.NaN : found / expected;
            Assert.True(ratio >= 1 / width && ratio <= width, $"{description}: q = {permille / 1000.0} is {found}, not {expected}");
        }
        Assert.Equal(values[^1], histogram.Quantile(1));
    }

    [Fact]
    public void Quantile_OfNinetyEightFastOnesAndASlowOne_IsTheSlowOneAtP99()
    {
        var histogram = new HistogramAccumulator();
        for (int i = 0; i < 98; i++)
        {
            histogram.Add(10);
        }
        histogram.Add(2000);
        Assert.Equal(2000, histogram.Quantile(0.99));
        Assert.InRange(histogram.Quantile(0.98), 9.5, 10.5);
    }

    private static string GoldenFile([CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "..", "proto", "golden", "quantiles.json"));
}

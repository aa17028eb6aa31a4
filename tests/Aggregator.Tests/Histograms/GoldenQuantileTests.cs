using System.Runtime.CompilerServices;
using System.Text.Json;
using Observability.Aggregator.Histograms;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Tests.Histograms;

/// <summary>The quantiles that agent, aggregator and page agree on.</summary>
public sealed class GoldenQuantileTests
{
    private static readonly JsonElement[] Cases =
        [.. JsonDocument.Parse(File.ReadAllText(GoldenFile())).RootElement.EnumerateArray()];

    public static TheoryData<int, string> EveryCase()
    {
        var cases = new TheoryData<int, string>();
        for (int index = 0; index < Cases.Length; index++)
        {
            cases.Add(index, Cases[index].GetProperty("description").GetString()!);
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(EveryCase))]
    public void Quantile_OfAGoldenHistogram_IsTheGoldenValue(int index, string description)
    {
        JsonElement golden = Cases[index];
        Func<double, double> quantile = golden.TryGetProperty("bounds", out JsonElement bounds) ? Explicit(golden, bounds) : Exponential(golden);
        foreach (JsonElement expected in golden.GetProperty("quantiles").EnumerateArray())
        {
            double value = expected.GetProperty("value").GetDouble();
            double found = quantile(expected.GetProperty("q").GetDouble());
            Assert.True(Math.Abs(found - value) <= 1e-9 * Math.Abs(value), $"{description}: q = {expected.GetProperty("q")} is {found}, not {value}");
        }
    }

    private static Func<double, double> Exponential(JsonElement golden)
    {
        var sum = new HistogramSum();
        sum.Clear();
        HistogramRow row = Row(golden);
        row.Scale = golden.GetProperty("scale").GetInt32();
        row.ZeroCount = golden.GetProperty("zero_count").GetUInt64();
        row.PositiveOffset = golden.GetProperty("positive_offset").GetInt32();
        row.NegativeOffset = golden.GetProperty("negative_offset").GetInt32();
        sum.Add(row, Counts(golden.GetProperty("positive")), Counts(golden.GetProperty("negative")));
        return sum.Quantile;
    }

    private static Func<double, double> Explicit(JsonElement golden, JsonElement bounds)
    {
        var sum = new ExplicitHistogramSum();
        sum.Clear();
        Assert.True(sum.TryAdd(Row(golden), [.. bounds.EnumerateArray().Select(bound => bound.GetDouble())], Counts(golden.GetProperty("counts"))));
        return sum.Quantile;
    }

    private static HistogramRow Row(JsonElement golden) => new()
    {
        Count = golden.GetProperty("count").GetUInt64(), Min = Known(golden.GetProperty("min")), Max = Known(golden.GetProperty("max")),
    };

    private static double Known(JsonElement value) => value.ValueKind == JsonValueKind.Null ? double.NaN : value.GetDouble();

    private static ulong[] Counts(JsonElement counts) => [.. counts.EnumerateArray().Select(count => count.GetUInt64())];

    private static string GoldenFile([CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "..", "proto", "golden", "quantiles.json"));
}

using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Observability.Aggregator.Tests.Streaming;

/// <summary>What a frame holds, as proto/golden/README.md describes it.</summary>
internal static class GoldenJson
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, IndentSize = 1 };

    public static string Write(string description, DecodedFrame frame)
    {
        var root = new JsonObject
        {
            ["description"] = description,
            ["header"] = new JsonObject
            {
                ["version"] = 1,
                ["rateHz"] = frame.RateHz,
                ["flags"] = frame.Flags,
                ["sessionId"] = Text(frame.SessionId),
                ["tick"] = Number(frame.Tick),
                ["framedNs"] = Text(frame.FramedNs),
                ["baseNs"] = Text(frame.BaseNs),
                ["frameBytes"] = frame.FrameBytes,
                ["sectionCount"] = frame.SectionCount,
                ["sampleCount"] = frame.SampleCount,
                ["overwrittenCount"] = frame.OverwrittenCount,
            },
            ["gauges"] = Rows(frame.Gauges, row => new JsonObject
            {
                ["series"] = row.Series,
                ["times"] = Numbers(row.Times),
                ["values"] = Numbers(row.Values),
            }),
            ["counters"] = Rows(frame.Counters, row => new JsonObject
            {
                ["series"] = row.Series,
                ["times"] = Numbers(row.Times),
                ["values"] = new JsonArray([.. row.Bits.Select(total => (JsonNode)Text(total))]),
            }),
            ["conflated"] = Rows(frame.Conflated, row => new JsonObject
            {
                ["series"] = row.Series,
                ["count"] = row.Count,
                ["startTime"] = Number(row.StartTime),
                ["time"] = Number(row.Time),
                ["first"] = Number(row.First),
                ["min"] = Number(row.Min),
                ["max"] = Number(row.Max),
                ["last"] = Number(row.Last),
                ["sum"] = Number(row.Sum),
            }),
            ["histograms"] = Rows(frame.Histograms, row => new JsonObject
            {
                ["series"] = row.Series,
                ["scale"] = row.Scale,
                ["positiveOffset"] = row.PositiveOffset,
                ["positive"] = Counts(row.Positive),
                ["negativeOffset"] = row.NegativeOffset,
                ["negative"] = Counts(row.Negative),
                ["time"] = Number(row.Time),
                ["count"] = Number(row.Count),
                ["zeroCount"] = Number(row.ZeroCount),
                ["sum"] = Number(row.Sum),
                ["min"] = Number(row.Min),
                ["max"] = Number(row.Max),
            }),
            ["explicitHistograms"] = Rows(frame.ExplicitHistograms, row => new JsonObject
            {
                ["series"] = row.Series,
                ["time"] = Number(row.Time),
                ["count"] = Number(row.Count),
                ["sum"] = Number(row.Sum),
                ["min"] = Number(row.Min),
                ["max"] = Number(row.Max),
                ["bounds"] = Numbers(row.Bounds),
                ["counts"] = Counts(row.Counts),
            }),
            ["stamps"] = Rows(frame.Stamps, row => new JsonObject
            {
                ["source"] = row.Source,
                ["recorded"] = Number(row.Recorded),
                ["received"] = Number(row.Received),
                ["clockOffset"] = Number(row.ClockOffset),
            }),
        };
        return root.ToJsonString(Indented) + "\n";
    }

    private static JsonArray Rows<T>(List<T> rows, Func<T, JsonObject> write) => new([.. rows.Select(row => (JsonNode)write(row))]);

    private static JsonArray Numbers(IEnumerable<double> values) => new([.. values.Select(Number)]);

    private static JsonArray Counts(uint[] counts) => new([.. counts.Select(count => (JsonNode)count)]);

    private static JsonNode Number(double value) => value switch
    {
        double.NaN => "NaN",
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => JsonNode.Parse(value.ToString("R", CultureInfo.InvariantCulture))!,
    };

    private static string Text<T>(T number)
        where T : IFormattable => number.ToString(null, CultureInfo.InvariantCulture);
}

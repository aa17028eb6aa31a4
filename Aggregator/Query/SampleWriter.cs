using System.Globalization;
using System.Text.Json;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Query;

/// <summary>Answers one question about samples, series by series, as JSON that is sent while it is written.</summary>
internal sealed partial class SampleWriter(TelemetryStore store, QueryOptions options)
{
    private const long ExactIntegerMax = 1L << 53;
    private const long SecondNs = 1_000_000_000;
    private const long MinuteNs = 60 * SecondNs;
    private const int FlushBytes = 64 * 1024;

    private readonly SampleBuffer _samples = new(countMax: 1_100_000);
    private readonly StepTable _steps = new();
    private int _valuesLeft;

    public async Task WriteAsync(SampleQuery query, IReadOnlyList<Series> matching, Stream output, CancellationToken cancellationToken)
    {
        _valuesLeft = options.ValuesMax;
        await using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteString("session_id", Text(store.SessionId));
        json.WriteString("from_ns", Text(query.FromNs));
        json.WriteString("to_ns", Text(query.ToNs));
        if (query.StepNs is { } stepNs)
        {
            json.WriteString("step_ns", Text(stepNs));
        }
        json.WriteStartArray("series");
        foreach (Series series in matching)
        {
            if (query.Merge && series.Kind == SeriesKind.Histogram)
            {
                continue;
            }
            WriteSeries(json, query, series);
            if (json.BytesPending > FlushBytes)
            {
                await json.FlushAsync(cancellationToken);
            }
        }
        if (query.Merge && matching.Any(series => series.Kind == SeriesKind.Histogram))
        {
            WriteMerged(json, query, [.. matching.Where(series => series.Kind == SeriesKind.Histogram)]);
        }
        json.WriteEndArray();
        json.WriteBoolean("truncated", _valuesLeft < 0);
        json.WriteEndObject();
        await json.FlushAsync(cancellationToken);
    }

    private void WriteSeries(Utf8JsonWriter json, SampleQuery query, Series series)
    {
        json.WriteStartObject();
        SeriesJson.WriteIdentity(json, series);
        if (series.Kind == SeriesKind.Histogram)
        {
            _histograms.Clear();
            json.WriteNumber("overwritten", ReadHistograms(query, series));
            WriteHistograms(json, query);
        }
        else
        {
            _samples.Clear();
            // One period earlier for counters, so that the first step's increase counts from the sample before it.
            long fromNs = series.Kind == SeriesKind.Counter && query.StepNs is { } stepNs ? query.FromNs - stepNs : query.FromNs;
            long overwritten = query.StepNs is null ? store.Read(series, fromNs, LastNs(query), _samples).Overwritten : ReadForSteps(series, fromNs, LastNs(query));
            json.WriteNumber("overwritten", overwritten);
            WriteScalars(json, query, series);
        }
        json.WriteEndObject();
    }

    /// <summary>Samples where they are kept, and before them what is kept of seconds and minutes. Returns how many of the range are gone altogether.</summary>
    private long ReadForSteps(Series series, long fromNs, long lastNs)
    {
        if (store.OldestKeptNs(series) is not { } keptFromNs || keptFromNs <= fromNs)
        {
            return store.Read(series, fromNs, lastNs, _samples).Overwritten;
        }
        // The second that the oldest sample lies in is whole in the rollups, if they have it.
        long cutNs = keptFromNs == long.MaxValue ? long.MaxValue : keptFromNs - (keptFromNs % SecondNs) + SecondNs;
        store.ReadRollups(series, fromNs, Math.Min(cutNs, lastNs + 1), _samples);
        int rollups = _samples.Count;
        bool hasCut = rollups > 0 && _samples.TimestampsNs[rollups - 1] >= cutNs - SecondNs;
        long overwritten = store.Read(series, hasCut ? cutNs : keptFromNs, lastNs, _samples).Overwritten;
        return rollups > 0 && _samples.TimestampsNs[0] < fromNs + (2 * MinuteNs) ? 0 : overwritten;
    }

    /// <summary>A range with steps ends before To, a raw one with it.</summary>
    private static long LastNs(SampleQuery query) => query.StepNs is null ? query.ToNs : query.ToNs - 1;

    private void WriteScalars(Utf8JsonWriter json, SampleQuery query, Series series)
    {
        if (query.StepNs is { } stepNs)
        {
            _steps.Begin(query.StepCount);
            _steps.Add(_samples, series.Kind, query.FromNs, stepNs);
            Aggregation aggregation = query.AggregationOf(series.Kind);
            WriteSteps(json, query, (int step, out double value) => _steps.TryGet(step, aggregation, stepNs, out value));
            return;
        }
        int count = TakeValues(_samples.Count);
        WriteTimes(json, count, row => _samples.TimestampsNs[row]);
        json.WriteStartArray("values");
        for (int row = 0; row < count; row++)
        {
            WriteScalar(json, series.Kind, row);
        }
        json.WriteEndArray();
        if (_samples.HasAggregates)
        {
            WriteColumn(json, "min", count, row => _samples.IsAggregate(row) ? _samples.Min[row] : _samples.Gauge(row));
            WriteColumn(json, "max", count, row => _samples.IsAggregate(row) ? _samples.Max[row] : _samples.Gauge(row));
            WriteColumn(json, "sum", count, row => _samples.IsAggregate(row) ? _samples.Sum[row] : _samples.Gauge(row));
            WriteColumn(json, "count", count, row => _samples.IsAggregate(row) ? _samples.Counts[row] : 1);
        }
    }

    private void WriteScalar(Utf8JsonWriter json, SeriesKind kind, int row)
    {
        if (kind == SeriesKind.Gauge)
        {
            WriteNumber(json, _samples.Gauge(row));
        }
        else if (_samples.Counter(row) > ExactIntegerMax)
        {
            json.WriteStringValue(Text(_samples.Counter(row)));
        }
        else
        {
            json.WriteNumberValue(_samples.Counter(row));
        }
    }

    /// <summary>Returns the steps that have a value, as many as the answer has room for.</summary>
    private List<int> WriteSteps(Utf8JsonWriter json, SampleQuery query, TryGetStep tryGet)
    {
        var steps = new List<int>();
        for (int step = 0; step < query.StepCount; step++)
        {
            if (tryGet(step, out _))
            {
                steps.Add(step);
            }
        }
        int count = TakeValues(steps.Count);
        WriteTimes(json, count, index => query.FromNs + (steps[index] * query.StepNs!.Value));
        WriteColumn(json, "values", count, index => tryGet(steps[index], out double value) ? value : double.NaN);
        steps.RemoveRange(count, steps.Count - count);
        return steps;
    }

    private int TakeValues(int count)
    {
        int taken = int.Clamp(count, 0, int.Max(_valuesLeft, 0));
        _valuesLeft -= count;
        return taken;
    }

    private static void WriteTimes(Utf8JsonWriter json, int count, Func<int, long> timeOf)
    {
        json.WriteStartArray("timestamps_ns");
        Span<byte> digits = stackalloc byte[24];
        for (int row = 0; row < count; row++)
        {
            timeOf(row).TryFormat(digits, out int length, default, CultureInfo.InvariantCulture);
            json.WriteStringValue(digits[..length]);
        }
        json.WriteEndArray();
    }

    private static void WriteColumn(Utf8JsonWriter json, string name, int count, Func<int, double> valueOf)
    {
        json.WriteStartArray(name);
        for (int row = 0; row < count; row++)
        {
            WriteNumber(json, valueOf(row));
        }
        json.WriteEndArray();
    }

    private static void WriteNumber(Utf8JsonWriter json, double value)
    {
        if (double.IsFinite(value))
        {
            json.WriteNumberValue(value);
        }
        else
        {
            json.WriteStringValue(double.IsNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
        }
    }

    private static string Text<T>(T number)
        where T : IFormattable => number.ToString(null, CultureInfo.InvariantCulture);

    private delegate bool TryGetStep(int step, out double value);
}

using System.Globalization;
using System.Text.Json;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Query;

/// <summary>Answers one question about samples, series by series, as JSON that is sent while it is written.</summary>
internal sealed partial class SampleWriter(TelemetryStore store, QueryOptions options)
{
    private const long SecondNs = 1_000_000_000;
    private const long MinuteNs = 60 * SecondNs;
    private const int FlushBytes = 64 * 1024;
    private const string TimesName = "timestamps_ns";

    private readonly SampleBuffer _samples = new(countMax: 1_100_000);
    private readonly StepTable _steps = new();
    private readonly StepTimes _stepTimes = new();
    private readonly JsonArrayText _array = new();
    private int[] _stepNumbers = [];
    private double[] _stepValues = [];
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
            _stepTimes.Begin(query.FromNs, stepNs, query.StepCount);
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
            if (series.Kind == SeriesKind.Counter && aggregation is Aggregation.First or Aggregation.Last or Aggregation.Min or Aggregation.Max)
            {
                ReadOnlySpan<int> steps = WriteStepTimes(json, query, step => _steps.TryGetTotal(step, aggregation, out _));
                _array.Begin();
                foreach (int step in steps)
                {
                    _steps.TryGetTotal(step, aggregation, out ulong total);
                    _array.Add(total);
                }
                WriteArray(json, "values");
                return;
            }
            WriteSteps(json, query, (int step, out double value) => _steps.TryGet(step, aggregation, stepNs, out value));
            return;
        }
        int count = TakeValues(_samples.Count);
        WriteTimes(json, count, row => _samples.TimestampsNs[row]);
        if (series.Kind == SeriesKind.Gauge)
        {
            WriteColumn(json, "values", count, _samples.Gauge);
        }
        else
        {
            WriteTotals(json, count);
        }
        if (_samples.HasAggregates)
        {
            WriteColumn(json, "min", count, row => _samples.IsAggregate(row) ? _samples.Min[row] : _samples.Gauge(row));
            WriteColumn(json, "max", count, row => _samples.IsAggregate(row) ? _samples.Max[row] : _samples.Gauge(row));
            WriteColumn(json, "sum", count, row => _samples.IsAggregate(row) ? _samples.Sum[row] : _samples.Gauge(row));
            WriteColumn(json, "count", count, row => _samples.IsAggregate(row) ? _samples.Counts[row] : 1);
        }
    }

    private void WriteTotals(Utf8JsonWriter json, int count)
    {
        _array.Begin();
        for (int row = 0; row < count; row++)
        {
            _array.Add(_samples.Counter(row));
        }
        WriteArray(json, "values");
    }

    /// <summary>Returns the steps that have a value, as many as the answer has room for.</summary>
    private ReadOnlySpan<int> WriteSteps(Utf8JsonWriter json, SampleQuery query, TryGetStep tryGet)
    {
        if (_stepValues.Length < query.StepCount)
        {
            _stepValues = new double[query.StepCount];
        }
        int known = 0;
        ReadOnlySpan<int> steps = WriteStepTimes(json, query, step =>
        {
            bool has = tryGet(step, out double value);
            _stepValues[known] = value;
            known += has ? 1 : 0;
            return has;
        });
        WriteColumn(json, "values", steps.Length, index => _stepValues[index]);
        return steps;
    }

    /// <summary>The times of the steps that have a value; returns those steps.</summary>
    private ReadOnlySpan<int> WriteStepTimes(Utf8JsonWriter json, SampleQuery query, Func<int, bool> has)
    {
        if (_stepNumbers.Length < query.StepCount)
        {
            _stepNumbers = new int[query.StepCount];
        }
        int known = 0;
        for (int step = 0; step < query.StepCount; step++)
        {
            if (has(step))
            {
                _stepNumbers[known++] = step;
            }
        }
        int count = TakeValues(known);
        _array.Begin();
        foreach (int step in _stepNumbers.AsSpan(0, count))
        {
            _array.Add(_stepTimes[step]);
        }
        WriteArray(json, TimesName);
        return _stepNumbers.AsSpan(0, count);
    }

    private int TakeValues(int count)
    {
        int taken = int.Clamp(count, 0, int.Max(_valuesLeft, 0));
        _valuesLeft -= count;
        return taken;
    }

    private void WriteTimes(Utf8JsonWriter json, int count, Func<int, long> timeOf)
    {
        _array.Begin();
        for (int row = 0; row < count; row++)
        {
            _array.AddTime(timeOf(row));
        }
        WriteArray(json, TimesName);
    }

    private void WriteColumn(Utf8JsonWriter json, string name, int count, Func<int, double> valueOf)
    {
        _array.Begin();
        for (int row = 0; row < count; row++)
        {
            _array.Add(valueOf(row));
        }
        WriteArray(json, name);
    }

    private void WriteArray(Utf8JsonWriter json, string name)
    {
        json.WritePropertyName(name);
        json.WriteRawValue(_array.End(), skipInputValidation: true);
    }

    private static string Text<T>(T number)
        where T : IFormattable => number.ToString(null, CultureInfo.InvariantCulture);

    private delegate bool TryGetStep(int step, out double value);
}

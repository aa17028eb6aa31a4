using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using Google.Protobuf.Collections;
using Observability.Protocol.V1;

namespace Observability.Benchmarks.Ingest;

/// <summary>
/// What a good engineer writes in an afternoon: Google.Protobuf's objects straight from the pipe, a dictionary on a string key (the builder
/// and the sorted labels are reused), one preallocated ring per series. It checks no limits, keeps no ledger and cannot be read concurrently, all of
/// which is in its favour.
/// </summary>
internal sealed class StockSide(int agents, int ringSamples) : IIngestSide
{
    private readonly Dictionary<string, Ring> _series = new(StringComparer.Ordinal);
    private readonly List<Ring>[] _refs = [.. Enumerable.Range(0, agents).Select(_ => new List<Ring>())];
    private readonly StringBuilder _key = new();
    private readonly List<KeyValuePair<string, string>> _labels = [];

    public string Name => "stock";

    public long Stored { get; private set; }

    public void Apply(int agent, in ReadOnlySequence<byte> message)
    {
        TelemetryBatch batch = TelemetryBatch.Parser.ParseFrom(message);
        List<Ring> refs = _refs[agent];
        foreach (Metric metric in batch.Metrics)
        {
            Ring ring = metric.Name.Length > 0 ? Find(batch, metric) : refs[(int)metric.SeriesRef - 1];
            if (metric.SeriesRef > refs.Count)
            {
                refs.Add(ring);
            }
            foreach (MetricSample sample in metric.Samples)
            {
                ring.Append((long)sample.TimestampNs, sample.Gauge);
            }
            Stored += metric.Samples.Count;
            if (metric.Packed is { } packed)
            {
                for (int i = 0; i < packed.TimestampsNs.Count; i++)
                {
                    ring.Append((long)packed.TimestampsNs[i], packed.Gauges[i]);
                }
                Stored += packed.TimestampsNs.Count;
            }
        }
        foreach (Tick tick in batch.Ticks)
        {
            RepeatedField<double> gauges = tick.Gauges;
            for (int i = 0; i < gauges.Count; i++)
            {
                refs[(int)tick.FirstRef - 1 + i].Append((long)tick.TimestampNs, gauges[i]);
            }
            Stored += gauges.Count;
        }
    }

    private Ring Find(TelemetryBatch batch, Metric metric)
    {
        _labels.Clear();
        foreach (KeyValuePair<string, string> label in metric.Labels)
        {
            _labels.Add(label);
        }
        _labels.Sort(static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        _key.Clear().Append(batch.Service).Append('\0').Append(batch.Instance).Append('\0').Append(metric.Name);
        foreach ((string name, string value) in _labels)
        {
            _key.Append('\0').Append(name).Append('\0').Append(value);
        }
        ref Ring? ring = ref CollectionsMarshal.GetValueRefOrAddDefault(_series, _key.ToString(), out _);
        return ring ??= new Ring(ringSamples);
    }

    private sealed class Ring(int capacity)
    {
        private readonly long[] _timestampsNs = new long[capacity];
        private readonly double[] _values = new double[capacity];
        private int _head;

        public void Append(long timestampNs, double value)
        {
            int at = _head++ & (_values.Length - 1);
            _timestampsNs[at] = timestampNs;
            _values[at] = value;
        }
    }
}

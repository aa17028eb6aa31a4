using System.Runtime.InteropServices;
using System.Text;
using Google.Protobuf.Collections;
using Observability.Protocol.V1;

namespace Observability.Stress.Load;

/// <summary>
/// What a good engineer writes in an afternoon: Google.Protobuf's objects, a dictionary on a string key, a preallocated ring for each series,
/// one lock for each batch. It checks no limits, keeps no ledger and serves no readers, all of which is in its favour. The server of `load` and the
/// benchmark of decoding (tests/Benchmarks) use this one.
/// </summary>
/// <param name="ringSamples">Samples kept of each series; a power of two.</param>
internal sealed class StockStore(int ringSamples)
{
    /// <summary>What `load` has both sides keep.</summary>
    public const int RingSamples = 256;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Ring> _series = new(StringComparer.Ordinal);
    private readonly StringBuilder _key = new();
    private readonly List<KeyValuePair<string, string>> _labels = [];
    private long _stored;

    public long Stored => Volatile.Read(ref _stored);

    /// <summary>One stream's own: who sends, and its refs.</summary>
    public sealed class Session
    {
        public string Service { get; set; } = "";
        public string Instance { get; set; } = "";
        internal List<Ring> Refs { get; } = [];
    }

    public int Apply(Session session, TelemetryBatch batch)
    {
        lock (_lock)
        {
            return ApplyAlone(session, batch);
        }
    }

    /// <summary>Without the lock, for one thread alone.</summary>
    public int ApplyAlone(Session session, TelemetryBatch batch)
    {
        session.Service = batch.Service.Length > 0 ? batch.Service : session.Service;
        session.Instance = batch.Instance.Length > 0 ? batch.Instance : session.Instance;
        int stored = 0;
        foreach (Metric metric in batch.Metrics)
        {
            stored += ApplyMetric(session, metric);
        }
        foreach (Tick tick in batch.Ticks)
        {
            stored += ApplyTick(session, tick);
        }
        _stored += stored;
        return stored;
    }

    private int ApplyMetric(Session session, Metric metric)
    {
        Ring ring = metric.Name.Length > 0 ? Find(session, metric) : session.Refs[(int)metric.SeriesRef - 1];
        if (metric.SeriesRef > session.Refs.Count)
        {
            session.Refs.Add(ring);
        }
        foreach (MetricSample sample in metric.Samples)
        {
            ring.Append((long)sample.TimestampNs, sample.Gauge);
        }
        if (metric.Packed is not { } packed)
        {
            return metric.Samples.Count;
        }
        RepeatedField<ulong> timestampsNs = packed.TimestampsNs;
        RepeatedField<double> gauges = packed.Gauges;
        for (int i = 0; i < timestampsNs.Count; i++)
        {
            ring.Append((long)timestampsNs[i], gauges[i]);
        }
        return metric.Samples.Count + timestampsNs.Count;
    }

    private static int ApplyTick(Session session, Tick tick)
    {
        RepeatedField<double> gauges = tick.Gauges;
        for (int i = 0; i < gauges.Count; i++)
        {
            session.Refs[(int)tick.FirstRef - 1 + i].Append((long)tick.TimestampNs, gauges[i]);
        }
        return gauges.Count;
    }

    private Ring Find(Session session, Metric metric)
    {
        _labels.Clear();
        foreach (KeyValuePair<string, string> label in metric.Labels)
        {
            _labels.Add(label);
        }
        _labels.Sort(static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        _key.Clear().Append(session.Service).Append('\0').Append(session.Instance).Append('\0').Append(metric.Name);
        foreach ((string name, string value) in _labels)
        {
            _key.Append('\0').Append(name).Append('\0').Append(value);
        }
        ref Ring? ring = ref CollectionsMarshal.GetValueRefOrAddDefault(_series, _key.ToString(), out _);
        return ring ??= new Ring(ringSamples);
    }

    internal sealed class Ring(int capacity)
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

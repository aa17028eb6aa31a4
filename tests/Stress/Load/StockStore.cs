using System.Runtime.InteropServices;
using System.Text;
using Observability.Protocol.V1;

namespace Observability.Stress.Load;

/// <summary>
/// What a good engineer writes in an afternoon: Google.Protobuf's objects, a dictionary on a string key, a preallocated ring for each series,
/// one lock for each batch. It checks no limits, keeps no ledger and serves no readers, all of which is in its favour.
/// </summary>
internal sealed class StockStore
{
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
        session.Service = batch.Service.Length > 0 ? batch.Service : session.Service;
        session.Instance = batch.Instance.Length > 0 ? batch.Instance : session.Instance;
        lock (_lock)
        {
            int stored = batch.Metrics.Sum(metric => ApplyMetric(session, metric)) + batch.Ticks.Sum(tick => ApplyTick(session, tick));
            _stored += stored;
            return stored;
        }
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
        int packed = metric.Packed?.TimestampsNs.Count ?? 0;
        for (int i = 0; i < packed; i++)
        {
            ring.Append((long)metric.Packed!.TimestampsNs[i], metric.Packed.Gauges[i]);
        }
        return metric.Samples.Count + packed;
    }

    private static int ApplyTick(Session session, Tick tick)
    {
        for (int i = 0; i < tick.Gauges.Count; i++)
        {
            session.Refs[(int)tick.FirstRef - 1 + i].Append((long)tick.TimestampNs, tick.Gauges[i]);
        }
        return tick.Gauges.Count;
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
        return ring ??= new Ring();
    }

    internal sealed class Ring
    {
        private readonly long[] _timestampsNs = new long[RingSamples];
        private readonly double[] _values = new double[RingSamples];
        private int _head;

        public void Append(long timestampNs, double value)
        {
            int at = _head++ & (RingSamples - 1);
            _timestampsNs[at] = timestampNs;
            _values[at] = value;
        }
    }
}

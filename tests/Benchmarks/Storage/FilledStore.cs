using Observability.Aggregator.Storage;

namespace Observability.Benchmarks.Storage;

/// <summary>A store with sources of 20 series each, fed a tick every 20 ms of made-up time, with the sealer's passes between.</summary>
internal sealed class FilledStore
{
    public const int SeriesPerSource = 20;
    public const long TickNs = 20_000_000;
    public const long StartNs = 1_763_769_600_000_000_000;

    private readonly SourceWriter[] _writers;
    private readonly SeriesKind _kind;
    private readonly Func<int, int, double> _valueOf;
    private readonly double[] _gauges = new double[SeriesPerSource];
    private readonly ulong[] _counters = new ulong[SeriesPerSource];

    public FilledStore(int seriesCount, SeriesKind kind, Func<int, int, double> valueOf, bool alone = false, StorageOptions? options = null)
    {
        Store = new TelemetryStore(options ?? new StorageOptions { HistorySecondsMax = 60, MemoryBudgetBytes = 8L << 30, SeriesMax = 200_000, SeriesPerServiceMax = 200_000 }, 1);
        Sealer = new HistorySealer(Store);
        (_kind, _valueOf, IsAlone) = (kind, valueOf, alone);
        _writers = [.. Enumerable.Range(0, seriesCount / SeriesPerSource).Select(number => Store.Catalog.OpenWriter("checkout", $"instance-{number}"))];
        Series = [.. Enumerable.Range(0, seriesCount).Select(index =>
        {
            LabelSet labels = LabelSet.From(("route", $"/api/{index % 7}"), ("zone", "eu-1"), ("host", $"node-{index / SeriesPerSource}"));
            Store.Catalog.TryAddSeries(_writers[index / SeriesPerSource], $"metric_{index % SeriesPerSource}", labels, kind, "", out Series? series);
            return series!;
        })];
    }

    public TelemetryStore Store { get; }

    public HistorySealer Sealer { get; }

    public Series[] Series { get; }

    public bool IsAlone { get; }

    public int Ticks { get; private set; }

    public long NowNs => StartNs + (Ticks * TickNs);

    public void Write(int ticks, bool isSealed = true)
    {
        for (int i = 0; i < ticks; i++, Ticks++)
        {
            for (int source = 0; source < _writers.Length; source++)
            {
                WriteTick(source, NowNs);
            }
            if (isSealed && Ticks % 12 == 0)
            {
                Sealer.Pass(NowNs);
            }
        }
    }

    private void WriteTick(int source, long timestampNs)
    {
        SourceWriter writer = _writers[source];
        writer.ReceivedNs = timestampNs;
        for (int slot = 0; slot < SeriesPerSource; slot++)
        {
            _gauges[slot] = _valueOf((source * SeriesPerSource) + slot, Ticks);
            _counters[slot] = (ulong)_gauges[slot];
        }
        if (IsAlone)
        {
            for (int slot = 0; slot < SeriesPerSource; slot++)
            {
                writer.AppendBits(Series[(source * SeriesPerSource) + slot], timestampNs,
                    _kind == SeriesKind.Counter ? (long)_counters[slot] : BitConverter.DoubleToInt64Bits(_gauges[slot]));
            }
        }
        else if (_kind == SeriesKind.Counter)
        {
            writer.AppendRow(timestampNs, 0, _counters);
        }
        else
        {
            writer.AppendRow(timestampNs, 0, _gauges);
        }
    }
}

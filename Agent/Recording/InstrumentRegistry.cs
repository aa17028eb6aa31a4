using System.Collections.Concurrent;

namespace Observability.Agent.Recording;

/// <summary>
/// All series of the agent. Refs are given once, from 1, dense, and stay for the whole session. Writers lock; the push thread and the
/// transport read <see cref="Instruments"/> and <see cref="Declarations"/> without one.
/// </summary>
internal sealed class InstrumentRegistry
{
    // Different orders of the same labels are further entries of a name cache; so many per series and no more.
    private const int CacheEntriesPerSeries = 4;

    private readonly ConcurrentDictionary<SeriesIdentity, InstrumentHandle> _byIdentity = new(new SeriesComparer());
    private readonly ConcurrentDictionary<SeriesIdentity, InstrumentHandle>.AlternateLookup<SeriesKey> _byKey;
    private readonly RecordingContext _context;
    private readonly int _seriesMax;
    private readonly InstrumentFamily<CounterHandle> _counters;
    private readonly InstrumentFamily<GaugeHandle> _gauges;
    private readonly InstrumentFamily<HistogramHandle> _histograms;
    private readonly PublishedList<InstrumentHandle> _instruments = new();
    private readonly PublishedList<InstrumentHandle> _declarations = new();

    public InstrumentRegistry(RecordingContext context, int seriesMax)
    {
        _context = context;
        _seriesMax = seriesMax;
        _byKey = _byIdentity.GetAlternateLookup<SeriesKey>();
        int entriesMax = seriesMax * CacheEntriesPerSeries;
        RecordingDrops drops = context.Drops;
        _counters = new(entriesMax, (identity, seriesRef, refusal) => new CounterHandle(identity, seriesRef, drops, refusal));
        _gauges = new(entriesMax, (identity, seriesRef, refusal) => new GaugeHandle(identity, seriesRef, context, refusal));
        _histograms = new(entriesMax, (identity, seriesRef, refusal) => new HistogramHandle(identity, seriesRef, drops, refusal));
    }

    /// <summary>Held while a series is added or looked up the slow way.</summary>
    internal Lock Gate { get; } = new();

    /// <summary>Every accepted series; the one with ref r is at r - 1.</summary>
    public ReadOnlySpan<InstrumentHandle> Instruments => _instruments.Items;

    /// <summary>What must be declared on a stream, in order; a series whose unit became known later appears twice.</summary>
    public ReadOnlySpan<InstrumentHandle> Declarations => _declarations.Items;

    public CounterHandle Counter(string name, string unit, ReadOnlySpan<(string Name, string Value)> labels) =>
        Find(_counters, name, unit, labels);

    public GaugeHandle Gauge(string name, string unit, ReadOnlySpan<(string Name, string Value)> labels) =>
        Find(_gauges, name, unit, labels);

    public HistogramHandle Histogram(string name, string unit, ReadOnlySpan<(string Name, string Value)> labels) =>
        Find(_histograms, name, unit, labels);

    /// <summary>A gauge that the agent computes itself; user code that records on its name is refused.</summary>
    public GaugeHandle AddComputedGauge(string name, string unit)
    {
        lock (Gate)
        {
            SeriesIdentity identity = SeriesIdentity.Create(name, []);
            GaugeHandle computed = Accept(_gauges, identity, unit);
            _byIdentity[identity] = _gauges.Create(identity, 0, DropReason.ReservedName);
            return computed;
        }
    }

    private T Find<T>(InstrumentFamily<T> family, string name, string unit, ReadOnlySpan<(string Name, string Value)> labels)
        where T : InstrumentHandle
    {
        T? handle = family.Cache.Find(name, labels);
        if (handle is not null && (unit.Length == 0 || handle.Unit.Length != 0))
        {
            return handle;
        }
        return Resolve(family, name, unit, labels);
    }

    private T Resolve<T>(InstrumentFamily<T> family, string name, string unit, ReadOnlySpan<(string Name, string Value)> labels)
        where T : InstrumentHandle
    {
        if (!SeriesNames.AreValid(name, labels) || !SeriesNames.IsValidUnit(unit))
        {
            return family.Refused(DropReason.InvalidName);
        }
        // A program that makes ever new series stays at this limit: no lock, and nothing allocated, for as many as it likes.
        if (_instruments.Count >= _seriesMax && !_byKey.ContainsKey(new SeriesKey(name, labels)))
        {
            return family.Refused(DropReason.SeriesLimit);
        }
        SeriesIdentity identity = SeriesIdentity.Create(name, labels);
        lock (Gate)
        {
            T handle = ResolveLocked(family, identity, unit);
            if (handle.IsAccepted && unit.Length != 0 && handle.Unit.Length == 0)
            {
                handle.Unit = unit;
                _declarations.Add(handle);
            }
            if (new SeriesKey(name, labels).Matches(handle.Identity) && family.Cache.Find(name, labels) is null)
            {
                family.Cache.Add(name, labels, handle);
            }
            return handle;
        }
    }

    private T ResolveLocked<T>(InstrumentFamily<T> family, SeriesIdentity identity, string unit)
        where T : InstrumentHandle
    {
        if (!_byIdentity.TryGetValue(identity, out InstrumentHandle? known))
        {
            return _instruments.Count < _seriesMax ? Accept(family, identity, unit) : family.Refused(DropReason.SeriesLimit);
        }
        if (known is T handle)
        {
            return handle;
        }
        return family.Create(identity, 0, known.IsAccepted ? DropReason.KindConflict : DropReason.ReservedName);
    }

    private T Accept<T>(InstrumentFamily<T> family, SeriesIdentity identity, string unit)
        where T : InstrumentHandle
    {
        T handle = family.Create(identity, _instruments.Count + 1, null);
        handle.Unit = unit;
        _byIdentity[identity] = handle;
        _instruments.Add(handle);
        _declarations.Add(handle);
        return handle;
    }
}

/// <summary>The instruments of one kind: how one is made, and the cache of names.</summary>
internal sealed class InstrumentFamily<T>(int entriesMax, Func<SeriesIdentity, int, DropReason?, T> create)
    where T : InstrumentHandle
{
    private static readonly SeriesIdentity RefusedIdentity = SeriesIdentity.Create("refused", []);

    private readonly T?[] _refused = new T?[DropReasons.Count];

    public NameCache<T> Cache { get; } = new(entriesMax);

    public T Create(SeriesIdentity identity, int seriesRef, DropReason? refusal) => create(identity, seriesRef, refusal);

    /// <summary>The handle that stands for all series refused for this reason. Any thread: should two create it, either does.</summary>
    public T Refused(DropReason reason) => _refused[(int)reason] ??= create(RefusedIdentity, 0, reason);
}

/// <summary>A list that only grows: one writer at a time, readers on any thread without a lock.</summary>
internal sealed class PublishedList<T>
{
    private const int InitialSize = 16;

    private T[] _items = new T[InitialSize];
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public ReadOnlySpan<T> Items
    {
        get
        {
            int count = Volatile.Read(ref _count);          // first: the array read after it holds at least so many
            return Volatile.Read(ref _items).AsSpan(0, count);
        }
    }

    public void Add(T item)
    {
        if (_count == _items.Length)
        {
            T[] larger = new T[_items.Length * 2];
            Array.Copy(_items, larger, _count);
            Volatile.Write(ref _items, larger);
        }
        _items[_count] = item;
        Volatile.Write(ref _count, _count + 1);
    }
}

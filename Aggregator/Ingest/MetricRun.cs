namespace Observability.Aggregator.Ingest;

/// <summary>How a run's samples lie: inline samples were read into pairs on the tape, columns stay in the message where they can.</summary>
internal enum RunForm : byte
{
    /// <summary>No samples: a declaration of a ref.</summary>
    Declaration,
    GaugePairs,
    CounterPairs,

    /// <summary>Timestamp, and where the histogram lies: offset in the upper half, length in the lower.</summary>
    HistogramPairs,
    GaugeColumns,
    CounterColumns,

    /// <summary>Six columns on the tape, one after another: timestamp, min, max, sum, last, count.</summary>
    Aggregates,
}

/// <summary>Eight-byte values of one column: in the message as they came, or on the tape.</summary>
internal readonly record struct Column(int At, int Count, bool OnTape);

/// <summary>[Data plane] Samples of one kind of one metric, as the structural pass left them for the pass that applies.</summary>
internal struct MetricRun
{
    /// <summary>Null: not in the cache, or only a ref is given.</summary>
    public SeriesIdentity? Identity;
    public uint Ref;
    public int Metric;
    public int BodyAt;
    public int BodyEnd;
    public int UnitAt;
    public int UnitLength;
    public RunForm Form;

    /// <summary>The metric carries a name, so that its body tells the identity.</summary>
    public bool IsNamed;
    public int Count;
    public Column Timestamps;
    public Column Values;
}

/// <summary>[Data plane] Values of consecutive refs at one instant.</summary>
internal struct TickRun
{
    public ulong TimestampNs;
    public uint FirstRef;
    public bool IsCounter;
    public Column Values;
}

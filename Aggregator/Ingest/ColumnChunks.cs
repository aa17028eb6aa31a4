namespace Observability.Aggregator.Ingest;

/// <summary>[Data plane] Where the values of one repeated field lie: almost always in one packed chunk, legally in any number of pieces.</summary>
internal struct ColumnChunks
{
    private int _at;
    private int _pieces;

    public int Count { get; private set; }

    public void Add(int at, int count)
    {
        _at = at;
        Count += count;
        _pieces++;
    }

    /// <summary>True when an 8-byte column can be used where it lies.</summary>
    public readonly bool IsWhole => _pieces <= 1 && BitConverter.IsLittleEndian;

    public readonly Column InMessage => new(_at, Count, OnTape: false);
}

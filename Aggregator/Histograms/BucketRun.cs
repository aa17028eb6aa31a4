namespace Observability.Aggregator.Histograms;

/// <summary>
/// Counts of consecutive exponential buckets of one sign, in fixed memory. [data plane] One thread. The caller lowers the scale until
/// <see cref="Spans"/> fits, so adding never grows.
/// </summary>
internal sealed class BucketRun(int lengthMax)
{
    private readonly ulong[] _counts = new ulong[lengthMax];
    private int _length;

    /// <summary>Index of the first bucket.</summary>
    public long Offset { get; private set; }

    /// <summary>The sum of all counts.</summary>
    public ulong Total { get; private set; }

    public ReadOnlySpan<ulong> Counts => _counts.AsSpan(0, _length);

    public void Clear()
    {
        _length = 0;
        Total = 0;
    }

    /// <summary>How many buckets the run would have after lowering its own scale by <paramref name="ownShift"/> and adding these.</summary>
    public long Spans(int ownShift, long offset, int length, int shift)
    {
        if (length == 0)
        {
            return _length == 0 ? 0 : Span(Offset >> ownShift, (Offset + _length - 1) >> ownShift);
        }
        long first = offset >> shift;
        long last = (offset + length - 1) >> shift;
        return _length == 0
            ? Span(first, last)
            : Span(long.Min(first, Offset >> ownShift), long.Max(last, (Offset + _length - 1) >> ownShift));
    }

    /// <summary>Lowers the scale: 2^shift neighbouring buckets become one.</summary>
    public void Lower(int shift)
    {
        if (shift == 0 || _length == 0)
        {
            return;
        }
        long offset = Offset >> shift;
        int last = 0;
        for (int index = 0; index < _length; index++)
        {
            // Never past the index being read, so the merge happens in place.
            int target = (int)(((Offset + index) >> shift) - offset);
            ulong count = _counts[index];
            _counts[index] = 0;
            _counts[target] += count;
            last = target;
        }
        Offset = offset;
        _length = last + 1;
    }

    public void Add(long offset, ReadOnlySpan<ulong> counts, int shift)
    {
        if (counts.IsEmpty)
        {
            return;
        }
        Include(offset >> shift, (offset + counts.Length - 1) >> shift);
        for (int index = 0; index < counts.Length; index++)
        {
            _counts[(int)(((offset + index) >> shift) - Offset)] += counts[index];
            Total += counts[index];
        }
    }

    private static long Span(long first, long last) => last - first + 1;

    private void Include(long first, long last)
    {
        if (_length == 0)
        {
            Offset = first;
            _length = (int)Span(first, last);
            _counts.AsSpan(0, _length).Clear();
            return;
        }
        if (first < Offset)
        {
            int added = (int)(Offset - first);
            _counts.AsSpan(0, _length).CopyTo(_counts.AsSpan(added));
            _counts.AsSpan(0, added).Clear();
            Offset = first;
            _length += added;
        }
        int length = (int)Span(Offset, last);
        if (length > _length)
        {
            _counts.AsSpan(_length, length - _length).Clear();
            _length = length;
        }
    }
}

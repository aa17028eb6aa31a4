namespace Observability.Agent.Recording;

/// <summary>
/// A window of at most <see cref="BucketsMax"/> consecutive buckets: the positive or the negative side of a histogram. One thread at a time.
/// </summary>
internal sealed class BucketRange
{
    public const int BucketsMax = 160;

    // So far from any index that the first increment leaves the fast path and anchors the window.
    private const int Unanchored = int.MaxValue / 2;

    private long[] _counts = [];
    private int _start = Unanchored;

    /// <summary>Counts of the used buckets and the index of the first of them; empty when nothing was counted.</summary>
    public ReadOnlySpan<long> Used(out int firstIndex)
    {
        ReadOnlySpan<long> counts = _counts;
        int first = counts.IndexOfAnyExcept(0L);
        if (first < 0)
        {
            firstIndex = 0;
            return [];
        }
        int last = counts.LastIndexOfAnyExcept(0L);
        firstIndex = _start + first;
        return counts[first..(last + 1)];
    }

    public bool TryAdd(int index, long count)
    {
        int slot = index - _start;
        long[] counts = _counts;
        if ((uint)slot >= (uint)counts.Length)
        {
            return false;
        }
        counts[slot] += count;
        return true;
    }

    /// <summary>Moves the window so that it holds the index too; false if the range is too wide: lower the scale and try again.</summary>
    public bool TryMakeRoom(int index)
    {
        if (_counts.Length == 0)
        {
            _counts = new long[BucketsMax];
        }
        ReadOnlySpan<long> used = Used(out int firstIndex);
        if (used.IsEmpty)
        {
            _start = index - (BucketsMax / 2);
            return true;
        }
        int low = Math.Min(firstIndex, index);
        int high = Math.Max(firstIndex + used.Length - 1, index);
        int size = high - low + 1;
        if (size > BucketsMax)
        {
            return false;
        }
        MoveTo(low - ((BucketsMax - size) / 2), firstIndex, used.Length);
        return true;
    }

    /// <summary>Halves the resolution: each pair of buckets becomes one.</summary>
    public void Downscale()
    {
        if (_start == Unanchored)
        {
            return;
        }
        int start = _start >> 1;
        for (int slot = 0; slot < _counts.Length; slot++)
        {
            long count = _counts[slot];
            _counts[slot] = 0;
            _counts[((_start + slot) >> 1) - start] += count;           // never right of the slot being read
        }
        _start = start;
    }

    public void Clear(bool keepWindow)
    {
        Array.Clear(_counts);
        if (!keepWindow)
        {
            _start = Unanchored;
        }
    }

    private void MoveTo(int start, int firstIndex, int length)
    {
        int from = firstIndex - _start;
        int to = firstIndex - start;
        Array.Copy(_counts, from, _counts, to, length);
        if (to > from)
        {
            Array.Clear(_counts, from, Math.Min(to - from, length));
        }
        else
        {
            int cleared = Math.Min(from - to, length);
            Array.Clear(_counts, from + length - cleared, cleared);
        }
        _start = start;
    }
}

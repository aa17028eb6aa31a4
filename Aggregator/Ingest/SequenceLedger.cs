namespace Observability.Aggregator.Ingest;

/// <summary>
/// Which numbered batches of one session are applied here, so that each is applied once. Live batches come in rising order, with gaps
/// where the sender dropped one; replayed ones have older numbers and do not move the mark. Only the owner's shard uses it.
/// </summary>
internal sealed class SequenceLedger
{
    /// <summary>Ranges kept. Past it the two oldest become one: what lies between them then counts as applied.</summary>
    public const int RangesMax = 16;

    private readonly (ulong From, ulong To)[] _ranges = new (ulong, ulong)[RangesMax + 1];
    private int _count;

    /// <summary>Every live batch up to here is applied or will never come.</summary>
    public ulong Mark { get; private set; }

    /// <summary>Numbers that live batches skipped: the sender dropped those.</summary>
    public ulong SkippedCount { get; private set; }

    public bool TryApply(ulong sequence)
    {
        if (sequence <= Mark)
        {
            return false;
        }
        SkippedCount += Mark == 0 ? 0 : sequence - Mark - 1;
        Mark = sequence;
        return TryReplay(sequence);    // A replay may have brought it already.
    }

    public bool TryReplay(ulong sequence)
    {
        if (Contains(sequence))
        {
            return false;
        }
        Add(sequence);
        return true;
    }

    private bool Contains(ulong sequence)
    {
        for (int i = _count - 1; i >= 0; i--)
        {
            if (sequence >= _ranges[i].From)
            {
                return sequence <= _ranges[i].To;
            }
        }
        return false;
    }

    private void Add(ulong sequence)
    {
        int at = _count;
        while (at > 0 && _ranges[at - 1].From > sequence)
        {
            at--;
        }
        // Now the range at lies behind the new number and the one before it ahead.
        bool joinsBefore = at > 0 && _ranges[at - 1].To + 1 == sequence;
        bool joinsAfter = at < _count && _ranges[at].From == sequence + 1;
        if (joinsBefore && joinsAfter)
        {
            _ranges[at - 1].To = _ranges[at].To;
            Remove(at);
        }
        else if (joinsBefore)
        {
            _ranges[at - 1].To = sequence;
        }
        else if (joinsAfter)
        {
            _ranges[at].From = sequence;
        }
        else
        {
            Insert(at, sequence);
        }
    }

    private void Insert(int at, ulong sequence)
    {
        Array.Copy(_ranges, at, _ranges, at + 1, _count - at);
        _ranges[at] = (sequence, sequence);
        if (++_count > RangesMax)
        {
            _ranges[1].From = _ranges[0].From;
            Remove(0);
        }
    }

    private void Remove(int at)
    {
        _count--;
        Array.Copy(_ranges, at + 1, _ranges, at, _count - at);
    }
}

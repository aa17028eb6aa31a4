using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// [Data plane] The series refs of one stream. Refs are dense: a table takes memory in proportion to what was declared, whatever numbers a
/// sender picks. Only the stream's shard uses it.
/// </summary>
internal sealed class RefTable(int refsMax)
{
    /// <summary>Refs may run ahead of the number declared by so much.</summary>
    public const int SlackMax = 1024;

    private readonly List<(uint Ref, Slot Former)> _undo = [];
    private Slot[] _slots = [];
    private Run[] _runs = [];
    private int _declared;
    private long _runsVersion = -1;

    /// <summary>What one ref stands for; a declared identity that a limit refused has no series identity, but a hash.</summary>
    private struct Slot
    {
        public WireIdentity? Identity;
        public ulong Hash;
        public RejectReason Reason;
        public bool IsDeclared;
    }

    /// <summary>From this ref up to End (not included) lie series of one kind in consecutive slots.</summary>
    private struct Run
    {
        public int SourceSlot;
        public int End;
        public SeriesKind Kind;
    }

    public int Count => _declared;

    /// <summary>
    /// True when the ref now stands for this identity. False when it stands for another one: the batch is malformed and
    /// <see cref="Undo"/> takes back what it declared. A ref out of range is not declared, and true.
    /// </summary>
    public bool TryDeclare(uint seriesRef, WireIdentity? identity, ulong hash, RejectReason reason)
    {
        if (!IsInRange(seriesRef))
        {
            return true;
        }
        if (seriesRef >= _slots.Length)
        {
            Array.Resize(ref _slots, (int)Math.Min((long)refsMax + 1, Math.Max(seriesRef + 1, Math.Max(64L, _slots.Length * 2L))));
        }
        ref Slot slot = ref _slots[seriesRef];
        // By the hash: an identity whose series has left may have been made anew.
        if (slot.IsDeclared && slot.Hash != hash)
        {
            return false;
        }
        if (slot.IsDeclared && slot.Identity == identity)
        {
            return true;
        }
        _undo.Add((seriesRef, slot));
        _declared += slot.IsDeclared ? 0 : 1;
        slot = new Slot { Identity = identity, Hash = hash, Reason = reason, IsDeclared = true };
        _runsVersion = -1;
        return true;
    }

    public void Undo()
    {
        for (int i = _undo.Count - 1; i >= 0; i--)
        {
            (uint seriesRef, Slot former) = _undo[i];
            _slots[seriesRef] = former;
            _declared -= former.IsDeclared ? 0 : 1;
        }
        _undo.Clear();
        _runsVersion = -1;
    }

    public void Commit() => _undo.Clear();

    /// <summary>What the ref stands for, or null and why not.</summary>
    public WireIdentity? Find(uint seriesRef, out RejectReason reason)
    {
        if (seriesRef < (uint)_slots.Length && _slots[seriesRef].IsDeclared)
        {
            reason = _slots[seriesRef].Reason;
            return _slots[seriesRef].Identity;
        }
        reason = IsInRange(seriesRef) ? RejectReason.UnknownRef : RejectReason.RefLimit;
        return null;
    }

    /// <summary>
    /// True when <paramref name="count"/> refs from this one on are series of one kind in consecutive slots: a tick is then one row.
    /// <paramref name="boundVersion"/> grows whenever an identity of the source gets its series.
    /// </summary>
    public bool TryGetRow(uint firstRef, int count, SeriesKind kind, long boundVersion, out int firstSlot)
    {
        if (_runsVersion != boundVersion)
        {
            FindRuns(boundVersion);
        }
        if (firstRef < (uint)_runs.Length && _runs[firstRef].Kind == kind && _runs[firstRef].End - (long)firstRef >= count)
        {
            firstSlot = _runs[firstRef].SourceSlot;
            return true;
        }
        firstSlot = 0;
        return false;
    }

    private bool IsInRange(uint seriesRef) => seriesRef != 0 && seriesRef <= Math.Min(refsMax, SlackMax + (2L * _declared));

    private void FindRuns(long boundVersion)
    {
        if (_runs.Length != _slots.Length)
        {
            _runs = new Run[_slots.Length];
        }
        Run next = default;
        for (int seriesRef = _slots.Length - 1; seriesRef >= 0; seriesRef--)
        {
            Series? series = _slots[seriesRef].Identity?.Series;
            Run run = default;
            if (series is not null)
            {
                bool continues = next.Kind == series.Kind && next.SourceSlot == series.Slot + 1;
                run = new Run { SourceSlot = series.Slot, Kind = series.Kind, End = continues ? next.End : seriesRef + 1 };
            }
            _runs[seriesRef] = run;
            next = run;
        }
        _runsVersion = boundVersion;
    }
}

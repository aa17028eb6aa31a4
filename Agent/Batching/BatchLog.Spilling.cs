using Observability.Agent.Recording;

namespace Observability.Agent.Batching;

/// <summary>
/// The spill's side of the log. Pending batches are never given up for newer ones here: what has no room waits in the spill, and so does everything after it until
/// the spill is empty again, so that order holds.
/// </summary>
internal sealed partial class BatchLog
{
    /// <summary>Hands what is staged to the spill's thread, for a buffer it no longer needs.</summary>
    public int TakeStaged(ref byte[] buffer)
    {
        lock (_gate)
        {
            return _spill!.Take(ref buffer);
        }
    }

    /// <summary>Takes back the first of these records, as many as memory has room for, and returns them counted.</summary>
    public int Restore(ReadOnlySpan<byte> records, out SpillCount restored)
    {
        restored = default;
        int bytes = 0;
        lock (_gate)
        {
            while (!_isEnded && SpillRecord.TryRead(records[bytes..], out SpillRecord record)
                && TryAppendWithoutLoss(record.Batch, record.SampleCount, record.AppendedNs))
            {
                restored = new SpillCount(restored.Batches + 1, restored.Samples + record.SampleCount);
                bytes += record.Size;
            }
            _spill!.Remove(restored.Batches, restored.Samples);
        }
        return bytes;
    }

    /// <summary>Batches are lost that were in the file or on their way to it.</summary>
    public void DropSpilled(SpillCount count, DropReason reason)
    {
        lock (_gate)
        {
            if (!_isEnded)
            {
                DropSpilledLocked(count, reason);
            }
        }
    }

    /// <summary>Whether the file can be written: what is given up meanwhile is counted by that reason.</summary>
    public void SetSpillFailing(bool isFailing)
    {
        lock (_gate)
        {
            _spill!.IsFailing = isFailing;
        }
    }

    private void DropSpilledLocked(SpillCount count, DropReason reason)
    {
        _spill!.Remove(count.Batches, count.Samples);
        Count(reason, count.Samples);
    }

    private void AppendOrSpill(SpillStage spill, ReadOnlySpan<byte> bytes, int sampleCount, long nowNs)
    {
        if (spill.Batches == 0 && TryAppendWithoutLoss(bytes, sampleCount, nowNs))
        {
            return;
        }
        if (!spill.CanHold(bytes.Length))
        {
            Count(DropReason.TooLarge, sampleCount);
            return;
        }
        _counts.Spilled += sampleCount;
        Count(spill.IsFailing ? DropReason.SpillFailed : DropReason.BufferFull, spill.Add(bytes, sampleCount, nowNs));
    }

    // Only acknowledged and dropped batches make room.
    private bool TryAppendWithoutLoss(ReadOnlySpan<byte> bytes, int sampleCount, long nowNs)
    {
        while (!_store.HasRoomForEntry())
        {
            if (IsPending(_store.First))
            {
                return false;
            }
            _store.RemoveFirst();
        }
        while (!_store.TryAppend(bytes, sampleCount, nowNs))
        {
            if (IsPending(_store.FirstHeld))
            {
                return false;
            }
            _store.ReleaseFirstHeld();
            ForgetSettled();
        }
        return true;
    }

    private bool IsPending(ulong sequence) => sequence > _acknowledgedSequence && !_store[sequence].IsDropped;
}

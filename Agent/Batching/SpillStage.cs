namespace Observability.Agent.Batching;

/// <summary>
/// What the log knows of its spill: batches not yet taken by the spill's thread, and how many it has taken and not given back. All of them are newer
/// than what is in the log's memory. Not synchronised: <see cref="BatchLog"/> holds its lock.
/// </summary>
internal sealed class SpillStage(long bytesMax)
{
    // A second of fifty batches of 20 KB: longer than a disk pauses, short against the memory a host has.
    internal const int StagedBytesMax = 1024 * 1024;

    private const int InitialBytes = 64 * 1024;

    private byte[] _staged = [];
    private long _stagedBatches;
    private long _stagedSamples;

    /// <summary>Bytes that the thread has not taken yet.</summary>
    public int StagedBytes { get; private set; }

    /// <summary>Batches here, with the thread and in the file.</summary>
    public long Batches { get; private set; }

    /// <summary>Samples of <see cref="Batches"/>.</summary>
    public long Samples { get; private set; }

    /// <summary>The file cannot be written at the moment.</summary>
    public bool IsFailing { get; set; }

    /// <summary>Set when there is something to do for the spill's thread.</summary>
    public AutoResetEvent Wake { get; } = new(initialState: false);

    /// <summary>Whether a batch of so many bytes can ever be spilled.</summary>
    public bool CanHold(int batchBytes) => batchBytes <= bytesMax - SpillFile.HeaderBytes - SpillRecord.HeaderBytes;

    /// <summary>Appends a batch. Returns how many samples, staged before it, had to be given up for it.</summary>
    public long Add(ReadOnlySpan<byte> batch, int sampleCount, long appendedNs)
    {
        int size = SpillRecord.HeaderBytes + batch.Length;
        long givenUp = StagedBytes + size > StagedBytesMax ? Clear() : 0;
        if (_staged.Length - StagedBytes < size)
        {
            Array.Resize(ref _staged, Math.Max(Math.Max(InitialBytes, _staged.Length * 2), StagedBytes + size));
        }
        SpillRecord.Write(_staged.AsSpan(StagedBytes), batch, sampleCount, appendedNs);
        StagedBytes += size;
        _stagedBatches++;
        _stagedSamples += sampleCount;
        Batches++;
        Samples += sampleCount;
        Wake.Set();
        return givenUp;
    }

    /// <summary>Hands all that is staged to the spill's thread, for a buffer that it no longer needs. How many bytes.</summary>
    public int Take(ref byte[] buffer)
    {
        int bytes = StagedBytes;
        if (bytes != 0)
        {
            (_staged, buffer) = (buffer, _staged);
            (StagedBytes, _stagedBatches, _stagedSamples) = (0, 0, 0);
        }
        return bytes;
    }

    /// <summary>Batches that the thread had taken are in memory again, or lost.</summary>
    public void Remove(long batches, long samples)
    {
        Batches -= batches;
        Samples -= samples;
    }

    private long Clear()
    {
        long samples = _stagedSamples;
        Remove(_stagedBatches, samples);
        (StagedBytes, _stagedBatches, _stagedSamples) = (0, 0, 0);
        return samples;
    }
}

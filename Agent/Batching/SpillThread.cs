using Observability.Agent.Recording;

namespace Observability.Agent.Batching;

/// <summary>
/// Moves batches between the log and the spill file: back into memory while there is room, the oldest first, and to disk what has none. All I/O of the spill is
/// done here, so that neither recording, nor the push, nor a read of the ledger ever waits for a disk. What the disk refuses is told, tried again
/// every second, and costs what the stage has no room for, counted.
/// </summary>
internal sealed class SpillThread(BatchLog log, SpillStage stage, SpillFile file, Action onRestored, Action<bool, string> report, Action<Exception> onFault) : IDisposable
{
    internal const int RetryMs = 1_000;
    private const int ChunkBytes = 256 * 1024;

    // A disk that hangs must not hang the host's stop: the thread is then left behind.
    private const int EndTimeoutMs = 1_000;

    private byte[] _held = [];
    private int _heldStart;
    private int _heldEnd;
    private byte[] _chunk = [];
    private int _chunkStart;
    private int _chunkEnd;
    private bool _isFailing;
    private volatile bool _isStopping;
    private Thread? _thread;

    public void Start()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "telemetry-spill" };
        _thread.Start();
    }

    /// <summary>Ends the thread and deletes the file; after the log has ended.</summary>
    public void Dispose()
    {
        _isStopping = true;
        stage.Wake.Set();
        if (_thread is null || _thread.Join(EndTimeoutMs))
        {
            stage.Wake.Dispose();
        }
    }

    private void Run()
    {
        try
        {
            Try(OpenFile);
            while (!_isStopping)
            {
                stage.Wake.WaitOne(_isFailing ? RetryMs : Timeout.Infinite);
                Try(MoveAll);
            }
            Try(file.Delete);
        }
        catch (Exception fault)
        {
            // A bug of ours: the agent goes quiet, its host goes on.
            onFault(fault);
        }
        finally
        {
            file.Dispose();
        }
    }

    private void Try(Action work)
    {
        try
        {
            work();
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException or NotSupportedException or System.Security.SecurityException)
        {
            // The disk's answer, not a fault of the program: it is told once, and tried again.
            if (!_isFailing)
            {
                _isFailing = true;
                log.SetSpillFailing(true);
                report(true, $"Cannot use the spill file '{file.Path}': {refused.Message.TrimEnd('.')}. Batches that find no room in memory are dropped and counted as "
                    + "spill_failed until it can be written; it is tried every second. Make room on its disk, or set SPILL_PATH to another file, or SPILL_BYTES_MAX lower.");
            }
        }
    }

    private void OpenFile()
    {
        if (file.Open() is { } leftover)
        {
            string content = leftover.Count is { } count ? $"{count.Samples} samples in {count.Batches} batches" : $"{leftover.Bytes} bytes of another format";
            report(false, $"Discarded {content} in the spill file '{file.Path}': an earlier process ended without delivering them, and they cannot be sent under another session. They are lost.");
        }
    }

    private void MoveAll()
    {
        OpenFile();
        bool hasMoved = true;
        while (hasMoved && !_isStopping)
        {
            if (_heldStart == _heldEnd)
            {
                (_heldStart, _heldEnd) = (0, log.TakeStaged(ref _held));
            }
            hasMoved = file.IsEmpty ? TryRestoreHeld() : TryRestoreFile();
            hasMoved |= TryWriteHeld();
        }
        if (_isFailing)
        {
            _isFailing = false;
            log.SetSpillFailing(false);
            report(false, $"The spill file '{file.Path}' is in order again: nothing waits in vain for it.");
        }
    }

    // Nothing older is on disk.
    private bool TryRestoreHeld()
    {
        int bytes = log.Restore(_held.AsSpan(_heldStart, _heldEnd - _heldStart), out SpillCount count);
        _heldStart += bytes;
        return HasRestored(count);
    }

    private bool TryRestoreFile()
    {
        if (_chunkStart == _chunkEnd && !TryReadChunk())
        {
            SpillCount lost = file.Clear();
            log.DropSpilled(lost, DropReason.SpillFailed);
            report(false, $"Cannot read back the spill file '{file.Path}': its disk does not give back what was written. {lost.Samples} samples are dropped and counted as spill_failed; check its disk.");
            return true;
        }
        int bytes = log.Restore(_chunk.AsSpan(_chunkStart, _chunkEnd - _chunkStart), out SpillCount count);
        _chunkStart += bytes;
        if (bytes != 0)
        {
            file.Remove(bytes, count);
        }
        return HasRestored(count);
    }

    private bool TryReadChunk()
    {
        _chunk = _chunk.Length == 0 ? new byte[ChunkBytes] : _chunk;
        try
        {
            (_chunkStart, _chunkEnd) = (0, file.Read(ref _chunk));
        }
        catch (IOException)
        {
            (_chunkStart, _chunkEnd) = (0, 0);          // as lost as what reads back differently: the caller counts and tells it
        }
        return _chunkEnd != 0;
    }

    private bool HasRestored(SpillCount count)
    {
        if (count.Batches != 0)
        {
            onRestored();
        }
        return count.Batches != 0;
    }

    private bool TryWriteHeld()
    {
        bool hasWritten = _heldStart != _heldEnd;
        while (_heldStart != _heldEnd && !_isStopping)
        {
            _heldStart += file.Append(_held.AsSpan(_heldStart, _heldEnd - _heldStart), out SpillCount givenUp);
            if (givenUp.Batches != 0)
            {
                (_chunkStart, _chunkEnd) = (0, 0);
                log.DropSpilled(givenUp, DropReason.SpillFull);
            }
        }
        return hasWritten;
    }
}

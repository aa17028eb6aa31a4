using System.Collections.Concurrent;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// When an Ack is due. A sender that pushes by the clock has the newest batch acknowledged at once whenever Ingest:AckIntervalMs have passed since
/// the last Ack, so that its round trip is measured as it is; what it sent in between goes along. If it falls silent meanwhile, one timer for all
/// streams wakes the stream that still owes one. Any thread.
/// </summary>
internal sealed class AckPacer : IDisposable
{
    private readonly TimeProvider _time;
    private readonly long _intervalMs;
    private readonly ConcurrentDictionary<Stream, byte> _streams = new();
    private readonly ITimer _timer;
    private int _armed;

    public AckPacer(IngestOptions options, TimeProvider time)
    {
        _time = time;
        _intervalMs = options.AckIntervalMs;
        _timer = time.CreateTimer(static pacer => ((AckPacer)pacer!).WakeOverdue(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private long NowMs => _time.GetTimestamp() / (_time.TimestampFrequency / 1000);

    /// <param name="wake">Makes the stream's endpoint ask <see cref="Stream.IsDue"/> again; may be called once more after <see cref="Close"/>.</param>
    public Stream Open(Action wake)
    {
        Stream stream = new(this, wake);
        _streams.TryAdd(stream, 0);
        Arm();
        return stream;
    }

    public void Close(Stream stream) => _streams.TryRemove(stream, out _);

    public void Dispose() => _timer.Dispose();

    private void WakeOverdue()
    {
        long owedBeforeMs = NowMs - _intervalMs;
        foreach ((Stream stream, _) in _streams)
        {
            stream.WakeIfOwedBefore(owedBeforeMs);
        }
        Volatile.Write(ref _armed, 0);
        if (!_streams.IsEmpty)
        {
            Arm();
        }
    }

    /// <summary>The timer runs only while there are streams.</summary>
    private void Arm()
    {
        if (_intervalMs > 0 && Interlocked.Exchange(ref _armed, 1) == 0)
        {
            _timer.Change(TimeSpan.FromMilliseconds(Math.Max(1, _intervalMs / 2)), Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>One stream's Acks. Its endpoint uses it; the timer only reads and wakes.</summary>
    internal sealed class Stream(AckPacer pacer, Action wake)
    {
        private const long Nothing = long.MaxValue;

        private long _ackedAtMs = long.MinValue / 2;
        private long _owedSinceMs = Nothing;

        /// <summary>Asked when batches were taken that no Ack covers yet. True: write it now.</summary>
        public bool IsDue(uint pushIntervalMs)
        {
            if (pushIntervalMs == 0 || 2L * pushIntervalMs > pacer._intervalMs)
            {
                return true;
            }
            long nowMs = pacer.NowMs;
            if (nowMs - _ackedAtMs < pacer._intervalMs && nowMs - _owedSinceMs < pacer._intervalMs)
            {
                if (_owedSinceMs == Nothing)
                {
                    Volatile.Write(ref _owedSinceMs, nowMs);
                }
                return false;
            }
            _ackedAtMs = nowMs;
            Volatile.Write(ref _owedSinceMs, Nothing);
            return true;
        }

        public void WakeIfOwedBefore(long owedBeforeMs)
        {
            if (Volatile.Read(ref _owedSinceMs) <= owedBeforeMs)
            {
                wake();
            }
        }
    }
}

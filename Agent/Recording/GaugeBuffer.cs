namespace Observability.Agent.Recording;

/// <summary>
/// Where gauge samples wait for the push thread: a queue that any thread writes into with one atomic operation, and lanes of single threads, which
/// need none. A handle writes into a lane while one thread alone sets it (<see cref="GaugeHandle"/>), and its order across threads holds because a
/// take empties the lanes before the queue, and of the queue only what was there before: a handle leaves its lane with a sample in the queue, and
/// goes back to a lane only when the queue is empty.
/// </summary>
internal sealed class GaugeBuffer(int capacityMin)
{
    /// <summary>Threads with a lane; those that come later use the queue.</summary>
    internal const int LanesMax = 4;

    private readonly Lock _laneGate = new();
    private volatile GaugeLane[] _lanes = [];

    public GaugeQueue Queue { get; } = new(capacityMin);

    /// <summary>How many samples were ever taken in, including those still being written.</summary>
    public long WrittenCount
    {
        get
        {
            long count = Queue.WrittenCount;
            foreach (GaugeLane lane in _lanes)
            {
                count += lane.WrittenCount;
            }
            return count;
        }
    }

    /// <summary>No sample waits in the queue, and none is being written: what was in it has been taken, and what came before it in a lane too.</summary>
    public bool IsQueueEmpty => Queue.ReadCount == Queue.WrittenCount;

    /// <summary>The calling thread's lane; null when other threads have them all.</summary>
    public GaugeLane? FindLane()
    {
        int threadId = Environment.CurrentManagedThreadId;
        foreach (GaugeLane lane in _lanes)
        {
            if (lane.OwnerThreadId == threadId)
            {
                return lane;
            }
        }
        return _lanes.Length < LanesMax ? AddLane(threadId) : null;
    }

    /// <summary>Appends what is here and returns how many there are now. What is written meanwhile comes next time, so this ends. The push thread's.</summary>
    public int Take(ref GaugeSample[] destination)
    {
        long queued = Queue.WrittenCount;
        int count = 0;
        foreach (GaugeLane lane in _lanes)
        {
            lane.Peek(out ReadOnlySpan<GaugeSample> first, out ReadOnlySpan<GaugeSample> second);
            int total = count + first.Length + second.Length;
            Reserve(ref destination, total);
            first.CopyTo(destination.AsSpan(count));
            second.CopyTo(destination.AsSpan(count + first.Length));
            lane.Free(total - count);
            count = total;
        }
        while (Queue.ReadCount < queued && Queue.TryRead(out GaugeSample sample))
        {
            Reserve(ref destination, count + 1);
            destination[count++] = sample;
        }
        return count;
    }

    private static void Reserve(ref GaugeSample[] destination, int count)
    {
        if (destination.Length < count)
        {
            Array.Resize(ref destination, Math.Max(count, destination.Length * 2));
        }
    }

    private GaugeLane? AddLane(int threadId)
    {
        lock (_laneGate)
        {
            if (_lanes.Length >= LanesMax)
            {
                return null;
            }
            var lane = new GaugeLane(threadId, Queue.Capacity);
            _lanes = [.. _lanes, lane];
            return lane;
        }
    }
}

namespace Observability.Aggregator.Ingest;

/// <summary>Who is connected, and who was refused lately. Control plane: once per stream; any thread.</summary>
internal sealed class ConnectedAgents
{
    /// <summary>Conflicts kept; older ones stay counted.</summary>
    public const int ConflictsMax = 32;

    private readonly Lock _lock = new();
    private readonly List<ConnectedAgent> _agents = [];
    private readonly Queue<OwnerConflict> _conflicts = [];

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _agents.Count;
            }
        }
    }

    public IReadOnlyList<ConnectedAgent> Snapshot()
    {
        lock (_lock)
        {
            return [.. _agents];
        }
    }

    /// <summary>The newest conflicts, oldest first.</summary>
    public IReadOnlyList<OwnerConflict> Conflicts()
    {
        lock (_lock)
        {
            return [.. _conflicts];
        }
    }

    internal void Add(ConnectedAgent agent)
    {
        lock (_lock)
        {
            _agents.Add(agent);
        }
    }

    internal void Remove(ConnectedAgent agent)
    {
        lock (_lock)
        {
            _agents.Remove(agent);
        }
    }

    internal void Add(OwnerConflict conflict)
    {
        lock (_lock)
        {
            if (_conflicts.Count == ConflictsMax)
            {
                _conflicts.Dequeue();
            }
            _conflicts.Enqueue(conflict);
        }
    }
}

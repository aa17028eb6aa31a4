namespace Observability.Aggregator.Triggers;

internal enum WatchState
{
    Inactive,

    /// <summary>The condition holds, not yet for long enough.</summary>
    Pending,

    Firing,
}

internal enum WatchChange
{
    None,
    Fired,
    Ended,
}

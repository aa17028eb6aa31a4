using Observability.Aggregator.Storage;
using Observability.Aggregator.Streaming.Connections;
using Observability.Aggregator.Streaming.Frames;

namespace Observability.Aggregator.Streaming.Viewers;

/// <summary>
/// Looks after connections: those that lag move to slower classes and back, those that hear nothing get a heartbeat, those that take nothing
/// are disconnected. Owned by the frame loop's thread.
/// </summary>
internal sealed class ViewerWatch(ViewerPlanner planner, StreamingOptions options, StreamingCounters counters)
{
    private const int SlowStepsMax = 4;

    // A connection that kept up for the whole recovery time climbs the further classes faster.
    private const int FurtherStepShare = 4;

    public List<Viewer> Viewers { get; } = [];

    public void Look(Func<long> nextTick, long nowMs, long unixNs)
    {
        foreach (Viewer viewer in Viewers)
        {
            LiveConnection connection = viewer.Connection;
            if (connection.IsDisconnected)
            {
                continue;
            }
            if (connection.IsStuck(nowMs))
            {
                connection.Disconnect($"its socket took nothing for {options.SendTimeoutMs} ms (Streaming:SendTimeoutMs)");
            }
            else if (connection.Acks.IsLagging(nowMs))
            {
                SlowDown(viewer, nextTick(), nowMs);
            }
            else if (viewer.SlowSteps > 0 && !viewer.IsDetached && !connection.Acks.IsOver && nowMs - viewer.LastLagMs >= options.RecoverMs)
            {
                counters.OnSpedUp();
                viewer.LastLagMs = nowMs - options.RecoverMs + (options.RecoverMs / FurtherStepShare);
                Move(viewer, viewer.SlowSteps - 1, "recovered", nextTick(), nowMs);
            }
            else if (connection.IsIdle && nowMs - connection.LastSentMs >= options.HeartbeatMs)
            {
                connection.Enqueue(Outbound.OfText(ServerMessages.Heartbeat(nextTick(), unixNs)));
            }
        }
    }

    /// <summary>Its socket does not keep up. It leaves its streams until the socket has taken what waits, and goes on more slowly.</summary>
    public void OnQueueFull(Viewer viewer, Func<long> nextTick, long nowMs)
    {
        if (viewer.IsDetached)
        {
            return;
        }
        planner.LeaveAll(viewer);
        viewer.IsDetached = true;
        if (!viewer.Connection.IsCatchingUp)
        {
            SlowDown(viewer, nextTick(), nowMs);
        }
        viewer.Connection.AskWhenDrained();
    }

    /// <summary>An error to those who subscribed to a set that became full; once.</summary>
    public void SendRefused(SeriesSet set, int refused)
    {
        if (set.RefusedCount == refused)
        {
            Send(set, subscription => ServerMessages.Error(
                $"Cannot stream every series that matches: {set.CountMax} are the limit. Narrow the selector.", subscription.Id));
        }
    }

    public void SendUnits(SeriesSet set, Series[] series) => Send(set, _ => ServerMessages.Dictionary(series), FrameFormat.Binary);

    private void SlowDown(Viewer viewer, long tick, long nowMs)
    {
        viewer.LastLagMs = nowMs;
        int steps = int.Min(viewer.SlowSteps + 1, SlowStepsMax);
        if (steps > viewer.SlowSteps)
        {
            counters.OnSlowedDown();
            Move(viewer, steps, "lagging", tick, nowMs);
        }
    }

    private void Move(Viewer viewer, int steps, string reason, long tick, long nowMs)
    {
        List<(Subscription Subscription, RateClass Rate)> before = [.. viewer.Subscriptions.Select(one => (one, viewer.RateOf(one)))];
        viewer.SlowSteps = steps;
        viewer.Connection.Acks.Restart(nowMs);
        foreach ((Subscription subscription, RateClass rate) in before)
        {
            if (viewer.RateOf(subscription) is var now && now != rate)
            {
                viewer.Connection.Enqueue(Outbound.OfText(ServerMessages.Rate(subscription.Id, now, reason)));
            }
        }
        planner.Replan(viewer, tick);
    }

    private void Send(SeriesSet set, Func<Subscription, byte[]> message, FrameFormat? format = null)
    {
        foreach (Viewer viewer in Viewers.Where(viewer => format is null || viewer.Format == format))
        {
            foreach (Subscription subscription in viewer.Subscriptions.Where(subscription => subscription.Set == set))
            {
                viewer.Connection.Enqueue(Outbound.OfText(message(subscription)));
            }
        }
    }
}

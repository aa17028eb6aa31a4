namespace Observability.Aggregator.Streaming;

/// <summary>What connections ask of the loop. All but <see cref="SubscribeAsync"/> run on its thread, as commands.</summary>
internal sealed partial class FrameLoop
{
    public void Add(Viewer viewer) => _watch.Viewers.Add(viewer);

    public void Remove(Viewer viewer)
    {
        _watch.Viewers.Remove(viewer);
        _planner.Remove(viewer);
    }

    public async Task<Subscription> SubscribeAsync(Viewer viewer, long? id, SeriesSet set, RateClass rate, long? fromNs)
    {
        Subscription? subscription = null;
        await RunAsync(() =>
        {
            subscription = new Subscription(id, _registry.AcquireSet(set), rate, fromNs);
            viewer.Subscriptions.Add(subscription);
            _planner.Replan(viewer, NextTick());
        });
        return subscription ?? throw new OperationCanceledException("The frame loop has stopped.");
    }

    public void Unsubscribe(Viewer viewer, Subscription subscription)
    {
        if (viewer.Subscriptions.Remove(subscription))
        {
            _registry.ReleaseSet(subscription.Set);
            _planner.Replan(viewer, NextTick());
        }
    }

    /// <summary>Its socket has taken what waited: back on its streams.</summary>
    public void Rejoin(Viewer viewer)
    {
        viewer.IsDetached = false;
        _planner.Replan(viewer, NextTick());
    }

    /// <summary>A last frame of every class, due or not, before the connections are closed.</summary>
    public void EmitAll()
    {
        foreach (RateClass rate in RateClass.All)
        {
            Emit(rate, NextTick());
        }
    }
}

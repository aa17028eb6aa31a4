using Observability.Aggregator.Storage;
using Observability.Aggregator.Streaming.Connections;
using Observability.Aggregator.Streaming.Frames;

namespace Observability.Aggregator.Streaming.Viewers;

/// <summary>
/// Puts viewers on the streams they need and moves them between streams so that each sample reaches them once: an attachment that is left
/// remembers where it stopped, and a stream is joined with a catch-up from there to the stream's cursors. Owned by the frame loop's thread.
/// </summary>
internal sealed class ViewerPlanner(StreamRegistry registry, SeriesSets sets)
{
    /// <summary>Brings the viewer's attachments in line with its subscriptions and its present classes.</summary>
    public void Replan(Viewer viewer, long tick)
    {
        StopWaiting(viewer);
        if (viewer.IsDetached)
        {
            return;
        }
        List<Wanted> wanted = Plan(viewer);
        foreach (Attachment attachment in viewer.Attachments.ToArray())
        {
            if (!wanted.Exists(want => want.IsMetBy(attachment)))
            {
                Leave(attachment);
            }
        }
        bool complete = true;
        foreach (Wanted want in wanted)
        {
            if (!viewer.Attachments.Exists(want.IsMetBy))
            {
                complete &= TryJoin(viewer, want, tick);
            }
        }
        if (complete)
        {
            viewer.Left.Clear();
        }
    }

    /// <summary>Takes the viewer off every stream until it is planned again.</summary>
    public void LeaveAll(Viewer viewer)
    {
        StopWaiting(viewer);
        foreach (Attachment attachment in viewer.Attachments.ToArray())
        {
            Leave(attachment);
        }
    }

    /// <summary>Forgets the viewer.</summary>
    public void Remove(Viewer viewer)
    {
        LeaveAll(viewer);
        viewer.Left.Clear();
        foreach (Subscription subscription in viewer.Subscriptions)
        {
            sets.Release(subscription.Set);
        }
        viewer.Subscriptions.Clear();
    }

    private static List<Wanted> Plan(Viewer viewer) => viewer.Format == FrameFormat.Json
        ? [.. viewer.Subscriptions.Select(subscription => new Wanted(viewer.RateOf(subscription), [subscription], subscription))]
        : [.. viewer.Subscriptions.GroupBy(viewer.RateOf).Select(group => new Wanted(group.Key, [.. group], null))];

    private void Leave(Attachment attachment)
    {
        attachment.Leave();
        attachment.Viewer.Left.Add(attachment);
        attachment.Viewer.Attachments.Remove(attachment);
        attachment.Stream.Attachments.Remove(attachment);
        registry.Release(attachment.Stream);
    }

    private void StopWaiting(Viewer viewer)
    {
        foreach (FrameStream stream in viewer.WaitingFor)
        {
            stream.Waiting.Remove(viewer);
            registry.Release(stream);
        }
        viewer.WaitingFor.Clear();
    }

    /// <summary>
    /// False when the stream is behind what the viewer has: it then joins after the stream's next frame. A stream that is new starts at the
    /// heads, behind which nobody can be.
    /// </summary>
    private bool TryJoin(Viewer viewer, Wanted want, long tick)
    {
        FrameStream stream = registry.Acquire(want.Rate, [.. want.Subscriptions.Select(subscription => subscription.Set)], viewer.Format);
        ReadOnlySpan<Series> members = stream.Set.Members.AsSpan()[..stream.MemberCount];
        long[] end = stream.Cursors.ToArray();
        var attachment = new Attachment(viewer, stream, want.Only, end.Length);
        var missedFrom = new long[end.Length];
        bool hasMissed = false;
        for (int index = 0; index < end.Length; index++)
        {
            bool had = TryFindProgress(viewer, want.Only, members[index], out SeriesProgress progress);
            if (had && progress.Next > end[index])
            {
                stream.Waiting.Add(viewer);
                viewer.WaitingFor.Add(stream);
                return false;
            }
            missedFrom[index] = had ? progress.Next : -1;
            hasMissed |= had && progress.Next < end[index];
            attachment.LivePositions[index] = had ? progress.LivePosition : end[index];
            attachment.HistoryFromNs[index] = had ? progress.HistoryFromNs : long.MaxValue;
        }
        var backfills = new List<Backfill>();
        foreach (Subscription subscription in want.Subscriptions.Where(one => one.IsNew))
        {
            backfills.Add(Begin(subscription, want.Rate, attachment, members));
        }
        stream.Attachments.Add(attachment);
        viewer.Attachments.Add(attachment);
        if (hasMissed || backfills.Count > 0)
        {
            viewer.Connection.Enqueue(Outbound.OfCatchUp(new CatchUp(attachment, tick)
            {
                MemberCount = end.Length,
                End = end,
                MissedFrom = hasMissed ? missedFrom : null,
                MissedFromTick = viewer.Left.Count == 0 ? tick : viewer.Left.Min(left => left.LeftTick),
                Backfills = backfills,
            }));
        }
        return true;
    }

    /// <summary>The history of a new subscription that its connection does not have yet; the attachment then knows it has.</summary>
    private static Backfill Begin(Subscription subscription, RateClass effectiveRate, Attachment attachment, ReadOnlySpan<Series> members)
    {
        subscription.IsNew = false;
        var parts = new List<Backfill.Part>();
        ReadOnlySpan<Series> wanted = subscription.Set.Members.AsSpan();
        if (subscription.FromNs is { } fromNs)
        {
            int index = 0;
            foreach (Series series in wanted)
            {
                while (index < members.Length && members[index].Id < series.Id)
                {
                    index++;
                }
                if (index == members.Length)
                {
                    break;
                }
                if (members[index].Id != series.Id || attachment.HistoryFromNs[index] <= fromNs)
                {
                    continue;
                }
                if (attachment.LivePositions[index] > 0)
                {
                    parts.Add(new Backfill.Part(series, attachment.LivePositions[index], fromNs, attachment.HistoryFromNs[index]));
                }
                attachment.HistoryFromNs[index] = fromNs;
            }
        }
        return new Backfill(subscription, effectiveRate, parts, wanted.Length);
    }

    private static bool TryFindProgress(Viewer viewer, Subscription? only, Series series, out SeriesProgress best)
    {
        bool found = false;
        best = default;
        foreach (Attachment left in viewer.Left)
        {
            if (left.Only == only && left.TryFind(series, out SeriesProgress progress) && (!found || progress.Next > best.Next))
            {
                best = progress;
                found = true;
            }
        }
        return found;
    }

    private sealed record Wanted(RateClass Rate, IReadOnlyList<Subscription> Subscriptions, Subscription? Only)
    {
        private readonly string _setKey = SeriesSets.KeyOfUnion(Subscriptions.Select(subscription => subscription.Set));

        /// <summary>An attachment that a new subscription needs is joined anew, to learn which history is missing.</summary>
        public bool IsMetBy(Attachment attachment) =>
            attachment.Stream.Rate == Rate && attachment.Only == Only && attachment.Stream.Set.Key == _setKey
            && !Subscriptions.Any(subscription => subscription.IsNew);
    }
}

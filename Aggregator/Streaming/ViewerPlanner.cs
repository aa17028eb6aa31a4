using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Streaming;

/// <summary>
/// Puts viewers on the streams they need and moves them between streams so that each sample reaches them once: a stream is left with a
/// bookmark, and joined with a catch-up from there to the stream's cursors. Owned by the frame loop's thread.
/// </summary>
internal sealed class ViewerPlanner(StreamRegistry registry)
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
            viewer.Bookmarks.Clear();
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
        viewer.Bookmarks.Clear();
        foreach (Subscription subscription in viewer.Subscriptions)
        {
            registry.ReleaseSet(subscription.Set);
        }
        viewer.Subscriptions.Clear();
    }

    private static List<Wanted> Plan(Viewer viewer) => viewer.Format == FrameFormat.Json
        ? [.. viewer.Subscriptions.Select(subscription => new Wanted(viewer.RateOf(subscription), [subscription], subscription))]
        : [.. viewer.Subscriptions.GroupBy(viewer.RateOf).Select(group => new Wanted(group.Key, [.. group], null))];

    private void Leave(Attachment attachment)
    {
        attachment.Viewer.Bookmarks.Add(new Bookmark(attachment));
        attachment.Viewer.Attachments.Remove(attachment);
        attachment.Stream.Attachments.Remove(attachment);
        registry.ReleaseStream(attachment.Stream);
    }

    private void StopWaiting(Viewer viewer)
    {
        foreach (FrameStream stream in viewer.WaitingFor)
        {
            stream.Waiting.Remove(viewer);
            registry.ReleaseStream(stream);
        }
        viewer.WaitingFor.Clear();
    }

    /// <summary>
    /// False when the stream is behind what the viewer has: it then joins after the stream's next frame. A stream that is new starts at the
    /// heads, behind which nobody can be.
    /// </summary>
    private bool TryJoin(Viewer viewer, Wanted want, long tick)
    {
        FrameStream stream = registry.AcquireStream(want.Rate, [.. want.Subscriptions.Select(subscription => subscription.Set)], viewer.Format);
        ReadOnlySpan<Series> members = stream.Set.Members.AsSpan()[..stream.MemberCount];
        long[] end = stream.Cursors.ToArray();
        var attachment = new Attachment(viewer, stream, want.Only) { LivePositions = new long[end.Length], HistoryFromNs = new long[end.Length] };
        var missedFrom = new long[end.Length];
        bool hasMissed = false;
        for (int index = 0; index < end.Length; index++)
        {
            bool had = TryFindMark(viewer, want.Only, members[index], out SeriesMark mark);
            if (had && mark.Next > end[index])
            {
                stream.Waiting.Add(viewer);
                viewer.WaitingFor.Add(stream);
                return false;
            }
            missedFrom[index] = had ? mark.Next : -1;
            hasMissed |= had && mark.Next < end[index];
            attachment.LivePositions[index] = had ? mark.LivePosition : end[index];
            attachment.HistoryFromNs[index] = had ? mark.HistoryFromNs : long.MaxValue;
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
                MissedFromTick = viewer.Bookmarks.Count == 0 ? tick : viewer.Bookmarks.Min(bookmark => bookmark.Tick),
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

    private static bool TryFindMark(Viewer viewer, Subscription? only, Series series, out SeriesMark best)
    {
        bool found = false;
        best = default;
        foreach (Bookmark bookmark in viewer.Bookmarks)
        {
            if (bookmark.Only == only && bookmark.TryFind(series, out SeriesMark mark) && (!found || mark.Next > best.Next))
            {
                best = mark;
                found = true;
            }
        }
        return found;
    }

    private sealed record Wanted(RateClass Rate, IReadOnlyList<Subscription> Subscriptions, Subscription? Only)
    {
        private readonly string _setKey = SeriesSet.KeyOfUnion(Subscriptions.Select(subscription => subscription.Set));

        /// <summary>An attachment that a new subscription needs is joined anew, to learn which history is missing.</summary>
        public bool IsMetBy(Attachment attachment) =>
            attachment.Stream.Rate == Rate && attachment.Only == Only && attachment.Stream.Set.Key == _setKey
            && !Subscriptions.Any(subscription => subscription.IsNew);
    }
}

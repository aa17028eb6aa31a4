using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Storage;

/// <summary>
/// Where a series is written from one of its positions on: a column of a group's ring. Immutable but for forgetting what came before; the
/// series publishes a new track when it moves to another group.
/// </summary>
internal sealed class SeriesTrack(RowGroup group, int column, long firstPosition, SeriesTrack? former)
{
    private SeriesTrack? _former = former;

    public RowGroup Group { get; } = group;

    public RowRing Ring { get; } = group.Ring;

    public int Column { get; } = column;

    /// <summary>The series' position of the group's row 0.</summary>
    public long FirstPosition { get; } = firstPosition;

    /// <summary>Where the positions before <see cref="FirstPosition"/> are.</summary>
    public SeriesTrack? Former => Volatile.Read(ref _former);

    /// <summary>Forgets the groups that hold nothing any more. Called by the sealer.</summary>
    public void ForgetGone()
    {
        for (SeriesTrack track = this; track.Former is { } former;)
        {
            if (former.Group.IsGone)
            {
                Volatile.Write(ref track._former, former.Former);
            }
            else
            {
                track = former;
            }
        }
    }

    public long Head => FirstPosition + Ring.Head;

    /// <summary>The track that a position belongs to, and where the next one begins; the oldest track for positions that are gone.</summary>
    public SeriesTrack At(long position, out long until)
    {
        SeriesTrack track = this;
        until = long.MaxValue;
        while (position < track.FirstPosition && track.Former is { } former)
        {
            until = track.FirstPosition;
            track = former;
        }
        return track;
    }

    /// <summary>
    /// Copies samples from <paramref name="position"/> on, as many as fit and lie together, and moves it behind them. Returns how many;
    /// <paramref name="lost"/> counts the positions that are gone.
    /// </summary>
    public int CopyFrom(ref long position, in SampleColumns columns, out long lost)
    {
        SeriesTrack track = At(position, out long until);
        long row = position - track.FirstPosition;
        if (row < 0)
        {
            lost = -row;
            position = track.FirstPosition;
            return 0;
        }
        int copied = track.Group.CopyNew(track.Column, ref row, columns.Take(until - position), out lost);
        if (copied == 0 && lost == 0 && until != long.MaxValue)
        {
            lost = until - position;    // Of a group that was forgotten.
            position = until;
            return 0;
        }
        position = track.FirstPosition + row;
        return copied;
    }

    /// <summary>A position from which reading meets every kept sample at or after <paramref name="fromNs"/>.</summary>
    public long Seek(long fromNs)
    {
        if (Former is { } former && former.Seek(fromNs) is long position && position < FirstPosition)
        {
            return position;
        }
        return FirstPosition + Group.Seek(fromNs);
    }

    /// <summary>The oldest position that can still be read.</summary>
    public long OldestPosition()
    {
        long position = Former?.OldestPosition() ?? long.MaxValue;
        return position < FirstPosition ? position : FirstPosition + Group.OldestRow();
    }

    /// <summary>True when timestamps rise from this position to the end of the track that it belongs to.</summary>
    public bool IsOrderedFrom(long position, out long until)
    {
        SeriesTrack track = At(position, out until);
        return track.Ring.IsOrderedFrom(position - track.FirstPosition);
    }
}

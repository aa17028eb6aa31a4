using Observability.Aggregator.History;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Streaming.Frames;

namespace Observability.Aggregator.Streaming.Viewers;

/// <summary>
/// The frames of one class, one set of series and one format: encoded once, shared by all its attachments. Owned by the frame loop's thread.
/// Its cursors say what its last frame ended with; whoever joins begins there.
/// </summary>
internal sealed class FrameStream
{
    private readonly Dictionary<uint, int> _sourceSlots = [];
    private readonly List<Source> _sources = [];
    private readonly List<bool> _sourceHasNews = [];
    private long[] _cursors = [];
    private CounterMemory[] _memories = [];
    private int[] _sourceSlotOfMember = [];

    public FrameStream(RateClass rate, SeriesSet set, FrameFormat format, SeriesReader reader)
    {
        Rate = rate;
        Set = set;
        Format = format;
        Grow(series => series.Head, reader);
    }

    public RateClass Rate { get; }

    public SeriesSet Set { get; }

    public FrameFormat Format { get; }

    public List<Attachment> Attachments { get; } = [];

    /// <summary>Viewers that switch to this stream after its next frame, so that they neither lose nor repeat a sample.</summary>
    public List<Viewer> Waiting { get; } = [];

    /// <summary>Members with a cursor: the first so many of the set.</summary>
    public int MemberCount { get; private set; }

    /// <summary>The pass that made the newest frame; 0 before the first.</summary>
    public long Tick { get; private set; }

    public ReadOnlySpan<long> Cursors => _cursors.AsSpan(0, MemberCount);

    /// <summary>Takes in series that appeared: they are streamed from their first sample on.</summary>
    public void TakeNewMembers(SeriesReader reader) => Grow(_ => 0, reader);

    /// <summary>[data plane] Puts everything new into the sink and moves the cursors.</summary>
    public void Collect(SeriesReader reader, ISampleSink sink, long tick)
    {
        ReadOnlySpan<Series> members = Set.Members.AsSpan();
        for (int index = 0; index < MemberCount; index++)
        {
            Series series = members[index];
            long head = series.Head;
            if (head == _cursors[index])
            {
                continue;
            }
            reader.ReadNew(series, ref _cursors[index], head, ref _memories[index], Rate, sink);
            _sourceHasNews[_sourceSlotOfMember[index]] = true;
        }
        for (int slot = 0; slot < _sources.Count; slot++)
        {
            if (_sourceHasNews[slot])
            {
                _sourceHasNews[slot] = false;
                sink.AddStamp(_sources[slot]);
            }
        }
        if (sink.SampleCount > 0 || sink.OverwrittenCount > 0)
        {
            Tick = tick;
        }
    }

    private void Grow(Func<Series, long> cursorOf, SeriesReader reader)
    {
        ReadOnlySpan<Series> members = Set.Members.AsSpan();
        if (members.Length > _cursors.Length)
        {
            int capacity = int.Max(members.Length, _cursors.Length * 2);
            Array.Resize(ref _cursors, capacity);
            Array.Resize(ref _memories, capacity);
            Array.Resize(ref _sourceSlotOfMember, capacity);
        }
        for (; MemberCount < members.Length; MemberCount++)
        {
            Series series = members[MemberCount];
            _cursors[MemberCount] = cursorOf(series);
            _memories[MemberCount] = reader.MemoryBefore(series, _cursors[MemberCount]);
            _sourceSlotOfMember[MemberCount] = SlotOf(series.Source);
        }
    }

    private int SlotOf(Source source)
    {
        if (!_sourceSlots.TryGetValue(source.Id, out int slot))
        {
            slot = _sources.Count;
            _sourceSlots.Add(source.Id, slot);
            _sources.Add(source);
            _sourceHasNews.Add(false);
        }
        return slot;
    }
}

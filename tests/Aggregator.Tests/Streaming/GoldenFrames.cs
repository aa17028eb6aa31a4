using System.Buffers.Binary;
using Observability.Aggregator.Streaming.Frames;

namespace Observability.Aggregator.Tests.Streaming;

/// <summary>The frames of proto/golden: how each is made.</summary>
internal static class GoldenFrames
{
    private const ulong SessionId = 16045690984833335023;
    private const long FramedNs = 1_763_769_600_123_456_789;
    private const long IntervalNs = 20_000_000;

    public static readonly IReadOnlyDictionary<string, (string Description, Func<byte[]> Make)> All =
        new Dictionary<string, (string, Func<byte[]>)>
        {
            ["empty"] = ("Nothing but a header.", () => Encode(60, FrameFlags.None, _ => { })),
            ["gauges-group"] = ("Two groups: series 7 to 9 share three timestamps, series 12 has its own; NaN, infinities and minus zero among the values.", GaugesGroup),
            ["counters"] = ("Totals beyond 2^53 and a reset; a late sample that steps back; odd counts, so that columns are padded.", Counters),
            ["conflated"] = ("A gauge of 12 samples, a gauge that is NaN throughout, a counter whose sum is its increase.", Conflated),
            ["histogram"] = ("Three rows: positive and negative buckets, no bucket at all, one count past 2^32 that is split over rows.", Histograms),
            ["explicit-histogram"] = ("Rows with three bounds, with none, and with a count that is split.", ExplicitHistograms),
            ["backfill-end"] = ("The last frame of a backfill, which holds samples of the past.", BackfillEnd),
            ["backfill-empty"] = ("The one frame of a backfill with nothing in it.", () => Encode(60, FrameFlags.Backfill | FrameFlags.BackfillEnd, _ => { })),
            ["unknown-section"] = ("Between the gauges and the stamps stands a section of a type that no reader knows: skip it.", UnknownSection),
            ["mixed"] = ("Every section at once, a stamp of two sources, and 17 overwritten samples.", Mixed),
        };

    private static byte[] GaugesGroup() => Encode(60, FrameFlags.None, encoder =>
    {
        long[] times = [FramedNs - (3 * IntervalNs), FramedNs - (2 * IntervalNs), FramedNs - IntervalNs];
        encoder.AddGauges(7, times, Bits(41.5, 42.25, 43));
        encoder.AddGauges(8, times, Bits(double.NaN, double.PositiveInfinity, double.NegativeInfinity));
        encoder.AddGauges(9, times, Bits(-0.0, 0.1, 1e300));
        encoder.AddGauges(12, [FramedNs - 1], Bits(5e-324));
        encoder.AddStamp(2, times[^1], FramedNs - 2_345_678, -1_500_000);
    });

    private static byte[] Counters() => Encode(60, FrameFlags.None, encoder =>
    {
        encoder.AddCounters(3, [FramedNs - IntervalNs, FramedNs], Totals(9_007_199_254_740_993, ulong.MaxValue));
        encoder.AddCounters(4, [FramedNs - IntervalNs, FramedNs], Totals(1_000, 3));
        encoder.AddCounters(6, [FramedNs, FramedNs - (5 * IntervalNs), FramedNs + 1], Totals(10, 11, 12));
    });

    private static byte[] Conflated() => Encode(5, FrameFlags.None, encoder =>
    {
        encoder.AddConflated(7, new ConflatedRow
        {
            Count = 12, StartNs = FramedNs - (11 * IntervalNs), TimeNs = FramedNs, First = 40, Min = 1.5, Max = 977.25, Last = 41, Sum = 1500.125,
        });
        encoder.AddConflated(8, new ConflatedRow
        {
            Count = 5, StartNs = FramedNs - (4 * IntervalNs), TimeNs = FramedNs,
            First = double.NaN, Min = double.NaN, Max = double.NaN, Last = double.NaN, Sum = double.NaN,
        });
        encoder.AddConflated(9, new ConflatedRow
        {
            Count = 10, StartNs = FramedNs - (9 * IntervalNs), TimeNs = FramedNs, First = 100, Min = 100, Max = 190, Last = 190, Sum = 95,
        });
        encoder.AddStamp(2, FramedNs, FramedNs - 1_000_000, 2_000_000);
    });

    private static byte[] Histograms() => Encode(60, FrameFlags.None, encoder =>
    {
        encoder.AddHistogram(5, new FrameHistogram
        {
            TimeNs = FramedNs - IntervalNs, Count = 21, Sum = 120.5, Min = -3.5, Max = 64, Scale = 3, ZeroCount = 2,
            PositiveOffset = -4, Positive = [1, 0, 5, 6], NegativeOffset = 2, Negative = [4, 3],
        });
        encoder.AddHistogram(5, new FrameHistogram { TimeNs = FramedNs, Count = 1, Sum = 0, Min = 0, Max = 0, Scale = -2, ZeroCount = 1 });
        encoder.AddHistogram(6, new FrameHistogram
        {
            TimeNs = FramedNs, Count = 4_294_967_305, Sum = 4e9, Min = double.NaN, Max = double.NaN, Scale = 0, ZeroCount = 3,
            PositiveOffset = 10, Positive = [2, 4_294_967_300],
        });
    });

    private static byte[] ExplicitHistograms() => Encode(60, FrameFlags.None, encoder =>
    {
        encoder.AddExplicitHistogram(10, new FrameExplicitHistogram
        {
            TimeNs = FramedNs, Count = 10, Sum = 33.25, Min = 0.5, Max = 12, Bounds = [1, 5, 10], Counts = [1, 2, 3, 4],
        });
        encoder.AddExplicitHistogram(11, new FrameExplicitHistogram { TimeNs = FramedNs, Count = 7, Sum = 7, Min = double.NaN, Max = double.NaN, Counts = [7] });
        encoder.AddExplicitHistogram(12, new FrameExplicitHistogram
        {
            TimeNs = FramedNs, Count = 8_589_934_593, Sum = 1, Min = 0, Max = 1, Bounds = [0.5], Counts = [8_589_934_592, 1],
        });
    });

    private static byte[] BackfillEnd() => Encode(30, FrameFlags.Backfill | FrameFlags.BackfillEnd, encoder =>
    {
        encoder.AddGauges(7, [FramedNs - 60_000_000_000, FramedNs - 30_000_000_000], Bits(1, 2));
        encoder.AddConflated(8, new ConflatedRow
        {
            Count = 3000, StartNs = FramedNs - 60_000_000_000, TimeNs = FramedNs - IntervalNs, First = 1, Min = 0, Max = 9, Last = 5, Sum = 12_000,
        });
    });

    private static byte[] UnknownSection()
    {
        byte[] frame = Encode(60, FrameFlags.None, encoder =>
        {
            encoder.AddGauges(7, [FramedNs], Bits(1.25));
            encoder.AddStamp(2, FramedNs, FramedNs, 0);
        });
        int afterGauges = 64 + 16 + BinaryPrimitives.ReadInt32LittleEndian(frame.AsSpan(64 + 4));
        byte[] section = new byte[16 + 24];
        BinaryPrimitives.WriteUInt32LittleEndian(section, 4_000_000_001);
        BinaryPrimitives.WriteUInt32LittleEndian(section.AsSpan(4), 24);
        BinaryPrimitives.WriteUInt32LittleEndian(section.AsSpan(8), 99);
        section.AsSpan(16).Fill(0xEE);
        byte[] spliced = [.. frame[..afterGauges], .. section, .. frame[afterGauges..]];
        BinaryPrimitives.WriteInt32LittleEndian(spliced.AsSpan(40), spliced.Length);
        BinaryPrimitives.WriteInt32LittleEndian(spliced.AsSpan(44), 3);
        return spliced;
    }

    private static byte[] Mixed() => Encode(15, FrameFlags.None, encoder =>
    {
        long[] times = [FramedNs - (2 * IntervalNs), FramedNs - IntervalNs];
        encoder.AddGauges(1, times, Bits(0.25, 0.5));
        encoder.AddGauges(2, times, Bits(10, 20));
        encoder.AddCounters(3, times, Totals(5, 6));
        encoder.AddGauges(4, times, Bits(7, 8));
        encoder.AddConflated(5, new ConflatedRow
        {
            Count = 6, StartNs = FramedNs - (6 * IntervalNs), TimeNs = FramedNs - IntervalNs, First = 3, Min = 1, Max = 4, Last = 2, Sum = 15,
        });
        encoder.AddHistogram(6, new FrameHistogram
        {
            TimeNs = FramedNs - IntervalNs, Count = 3, Sum = 30, Min = 8, Max = 12, Scale = 5, PositiveOffset = 96, Positive = [1, 1, 1],
        });
        encoder.AddExplicitHistogram(20, new FrameExplicitHistogram
        {
            TimeNs = FramedNs - IntervalNs, Count = 2, Sum = 3, Min = 1, Max = 2, Bounds = [1.5], Counts = [1, 1],
        });
        encoder.AddStamp(1, FramedNs - IntervalNs, FramedNs - 500_000, 250_000);
        encoder.AddStamp(2, FramedNs - IntervalNs + 1, FramedNs - 400_000, 0);
        encoder.AddOverwritten(17);
    });

    private static byte[] Encode(byte rateHz, FrameFlags flags, Action<FrameEncoder> add)
    {
        var encoder = new FrameEncoder();
        encoder.Begin(new FrameHeader(rateHz, flags, SessionId, Tick: 4711, FramedNs, BaseNs: FramedNs));
        add(encoder);
        byte[] frame = new byte[encoder.FrameBytes];
        encoder.WriteTo(frame);
        return frame;
    }

    private static long[] Bits(params double[] values) => [.. values.Select(BitConverter.DoubleToInt64Bits)];

    private static long[] Totals(params ulong[] values) => [.. values.Select(value => (long)value)];
}

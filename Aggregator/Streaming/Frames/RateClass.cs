using System.Collections.Immutable;

namespace Observability.Aggregator.Streaming.Frames;

/// <summary>A class of frame rate. At most one frame of a class is made in each of its periods.</summary>
internal sealed class RateClass
{
    /// <summary>From the fastest to the slowest; <see cref="Index"/> is the place in here.</summary>
    public static readonly ImmutableArray<RateClass> All = [new(0, 60), new(1, 30), new(2, 15), new(3, 5), new(4, 1)];

    // A conflated row costs as much as four raw samples. At 60 Hz more than 64 samples in 16.67 ms are more than a picture shows.
    private const int RawSamplesMaxAtFullRate = 64;
    private const int RawSamplesMaxBelow = 4;

    private RateClass(int index, byte hz)
    {
        Index = index;
        Hz = hz;
        PeriodNs = 1_000_000_000 / hz;
        RawSamplesMax = index == 0 ? RawSamplesMaxAtFullRate : RawSamplesMaxBelow;
    }

    public int Index { get; }

    public byte Hz { get; }

    public long PeriodNs { get; }

    /// <summary>More samples of one series than this in one frame (or, in a backfill, in one period) become one conflated row.</summary>
    public int RawSamplesMax { get; }

    public static RateClass Fastest => All[0];

    public static RateClass? OfHz(int hz) => All.FirstOrDefault(rate => rate.Hz == hz);

    /// <summary>The class that many steps slower, at most the slowest.</summary>
    public RateClass Slower(int steps) => All[int.Min(Index + steps, All.Length - 1)];
}

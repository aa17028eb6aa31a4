namespace Observability.Aggregator.Diagnostics;

/// <summary>How long something took, in fixed buckets for exposition. [data plane] One writer; read by anyone.</summary>
internal sealed class DurationHistogram
{
    private static readonly double[] BoundsSeconds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.0167, 0.025, 0.05, 0.1, 0.25, 1];

    private readonly long[] _counts = new long[BoundsSeconds.Length + 1];
    private double _sumSeconds;
    private double _maxSeconds;

    public static ReadOnlySpan<double> UpperBoundsSeconds => BoundsSeconds;

    public double SumSeconds => Volatile.Read(ref _sumSeconds);

    public double MaxSeconds => Volatile.Read(ref _maxSeconds);

    public long Count => _counts.Sum();

    public void Record(TimeSpan elapsed)
    {
        double seconds = elapsed.TotalSeconds;
        int index = 0;
        while (index < BoundsSeconds.Length && seconds > BoundsSeconds[index])
        {
            index++;
        }
        Volatile.Write(ref _counts[index], _counts[index] + 1);
        Volatile.Write(ref _sumSeconds, _sumSeconds + seconds);
        Volatile.Write(ref _maxSeconds, double.Max(_maxSeconds, seconds));
    }

    /// <summary>Not cumulative; the last is of everything above the last bound.</summary>
    public long[] Counts() => [.. _counts];
}

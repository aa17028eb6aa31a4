namespace Observability.Aggregator.Tests.Streaming;

/// <summary>What all samples of a series come to, from the writer's side or from what a client received in whatever form.</summary>
internal sealed class GroundTruth
{
    public double Min { get; private set; } = double.PositiveInfinity;

    public double Max { get; private set; } = double.NegativeInfinity;

    public double Sum { get; private set; }

    public long Count { get; private set; }

    public void Add(double value) => Add(value, value, value, 1);

    public void Add(double min, double max, double sum, long count)
    {
        Min = double.Min(Min, min);
        Max = double.Max(Max, max);
        Sum += sum;
        Count += count;
    }

    /// <summary>Of one series in all the client's frames.</summary>
    public static GroundTruth Received(IEnumerable<DecodedFrame> frames, uint series)
    {
        var truth = new GroundTruth();
        foreach (DecodedFrame frame in frames)
        {
            foreach (double value in frame.Gauges.Where(gauge => gauge.Series == series).SelectMany(gauge => gauge.Values))
            {
                truth.Add(value);
            }
            foreach (DecodedFrame.ConflatedSample row in frame.Conflated.Where(row => row.Series == series))
            {
                truth.Add(row.Min, row.Max, row.Sum, row.Count);
            }
        }
        return truth;
    }

    public override string ToString() => FormattableString.Invariant($"min {Min} max {Max} sum {Sum} count {Count}");
}

namespace Observability.Aggregator.Streaming;

/// <summary>Several samples of one series as one: nothing but the shape between them is lost. Times are Unix nanoseconds.</summary>
internal struct ConflatedRow
{
    public long Count;
    public long StartNs;
    public long TimeNs;
    public double First;
    public double Min;
    public double Max;
    public double Last;
    public double Sum;
}

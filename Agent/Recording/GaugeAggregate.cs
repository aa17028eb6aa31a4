namespace Observability.Agent.Recording;

/// <summary>Gauge values merged into one sample. The default value is empty.</summary>
internal struct GaugeAggregate
{
    public double Min;
    public double Max;
    public double Sum;
    public double Last;
    public long Count;

    public void Add(double value)
    {
        Min = Count == 0 ? value : Math.Min(Min, value);
        Max = Count == 0 ? value : Math.Max(Max, value);
        Sum += value;
        Last = value;
        Count++;
    }
}

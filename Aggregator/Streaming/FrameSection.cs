namespace Observability.Aggregator.Streaming;

internal enum FrameSection : uint
{
    Gauges = 1,
    Counters = 2,
    Conflated = 3,
    Histograms = 4,
    ExplicitHistograms = 5,
    Stamps = 6,
}

using Observability.Protocol.V1;

namespace Observability.Aggregator.Tests.Ingest;

/// <summary>
/// Batches as no one client sends them, but any could: every form, few names so that series meet again, and now and then what the
/// contract forbids. The same seed gives the same batches.
/// </summary>
internal sealed class BatchGenerator(int seed)
{
    private static readonly string[] Names = ["rps", "latency", "errors_total", "größe", "http.server.duration", "a", "x_1", new('n', 200)];
    private static readonly string[] Keys = ["route", "method", "статус", "le", "a", "b", "empty"];
    private static readonly string[] Values = ["/", "GET", "", "значение", "😀", "b", "c", new('v', 300)];

    private readonly Random _random = new(seed);

    public Random Random => _random;

    public TelemetryBatch Next()
    {
        TelemetryBatch batch = new()
        {
            Service = Chance(0.5) ? "s" : "",
            Instance = Chance(0.5) ? "i" : "",
            Sequence = AnyNumber(),
            SessionId = AnyNumber(),
            SentAtNs = AnyNumber(),
            PushIntervalMs = (uint)AnyNumber(),
            Replay = Chance(0.1),
        };
        if (Chance(0.1))
        {
            batch.Report = new AgentReport { Recorded = AnyNumber(), Sdk = "test", ClockOffsetNs = (long)AnyNumber(), Dropped = { ["full"] = 3 } };
        }
        for (int i = _random.Next(6); i > 0; i--)
        {
            batch.Metrics.Add(NextMetric());
        }
        for (int i = _random.Next(4); i > 0; i--)
        {
            batch.Ticks.Add(NextTick());
        }
        return batch;
    }

    private Metric NextMetric()
    {
        Metric metric = new() { SeriesRef = Chance(0.4) ? (uint)_random.Next(1, 12) : 0, Unit = Chance(0.2) ? "ms" : "" };
        if (metric.SeriesRef == 0 || Chance(0.3))
        {
            // A ref and a name belong together, mostly: declaring a ref again with another identity is malformed.
            int choice = metric.SeriesRef != 0 && !Chance(0.02) ? (int)metric.SeriesRef : _random.Next(100);
            metric.Name = Names[choice % Names.Length];
            Random labels = new(choice);
            for (int i = labels.Next(4); i > 0; i--)
            {
                metric.Labels[Keys[labels.Next(Keys.Length)]] = Values[labels.Next(Values.Length)];
            }
        }
        int kind = KindFor(metric);
        switch (_random.Next(8))
        {
            case 0 or 1 or 2:
                for (int i = _random.Next(Chance(0.2) ? 40 : 4); i > 0; i--)
                {
                    metric.Samples.Add(NextSample(Chance(0.05) ? _random.Next(3) : kind));
                }
                break;
            case 3 or 4 or 5:
                metric.Packed = NextPacked(kind);
                break;
            case 6 when kind == 0:
                metric.Aggregates = NextAggregates();
                break;
        }
        return metric;
    }

    /// <summary>Mostly the same kind for the same name, so that samples are not all rejected.</summary>
    private int KindFor(Metric metric) => Chance(0.05) ? _random.Next(3) : (metric.Name.Length + (int)metric.SeriesRef) % 3;

    private MetricSample NextSample(int kind)
    {
        MetricSample sample = new() { TimestampNs = AnyTime() };
        switch (kind)
        {
            case 0:
                sample.Gauge = AnyDouble();
                break;
            case 1:
                sample.Counter = AnyNumber();
                break;
            default:
                sample.Histogram = NextHistogram();
                break;
        }
        return sample;
    }

    private PackedSamples NextPacked(int kind)
    {
        PackedSamples packed = new();
        int count = _random.Next(20);
        for (int i = 0; i < count; i++)
        {
            packed.TimestampsNs.Add(AnyTime());
            switch (kind)
            {
                case 0:
                    packed.Gauges.Add(AnyDouble());
                    break;
                case 1:
                    packed.Counters.Add(AnyNumber());
                    break;
                default:
                    packed.Histograms.Add(NextHistogram());
                    break;
            }
        }
        if (Chance(0.01))
        {
            packed.TimestampsNs.Add(1);
        }
        return packed;
    }

    private PackedAggregates NextAggregates()
    {
        PackedAggregates aggregates = new();
        for (int i = _random.Next(5); i > 0; i--)
        {
            aggregates.TimestampsNs.Add(AnyTime());
            aggregates.Min.Add(AnyDouble());
            aggregates.Max.Add(AnyDouble());
            aggregates.Sum.Add(AnyDouble());
            aggregates.Last.Add(AnyDouble());
            aggregates.Count.Add((ulong)_random.Next(0, 300));
        }
        return aggregates;
    }

    private Histogram NextHistogram()
    {
        Histogram histogram = new() { Sum = NoNegativeZero(), Min = NoNegativeZero(), Max = NoNegativeZero(), Scale = _random.Next(-11, 22) };
        ulong total = 0;
        if (Chance(0.5))
        {
            histogram.ZeroCount = (ulong)_random.Next(3);
            histogram.PositiveOffset = _random.Next(-1000, 1000);
            histogram.NegativeOffset = Chance(0.02) ? int.MaxValue : _random.Next(-1000, 1000);
            histogram.PositiveCounts.Add(Enumerable.Range(0, _random.Next(30)).Select(_ => (ulong)_random.Next(300)));
            histogram.NegativeCounts.Add(Enumerable.Range(0, _random.Next(3)).Select(_ => (ulong)_random.Next(300)));
            total = histogram.ZeroCount + Sum(histogram.PositiveCounts) + Sum(histogram.NegativeCounts);
        }
        else if (Chance(0.8))
        {
            int bounds = _random.Next(6);
            histogram.ExplicitBounds.Add(Enumerable.Range(0, bounds).Select(i => i + _random.NextDouble()));
            histogram.ExplicitCounts.Add(Enumerable.Range(0, bounds + (Chance(0.99) ? 1 : 0)).Select(_ => (ulong)_random.Next(300)));
            total = Sum(histogram.ExplicitCounts);
        }
        histogram.Count = Chance(0.95) ? total : total + 1;
        return histogram;
    }

    private Tick NextTick()
    {
        Tick tick = new() { TimestampNs = AnyTime(), FirstRef = (uint)_random.Next(0, 12) };
        int count = _random.Next(6);
        bool counters = Chance(0.5);
        for (int i = 0; i < count; i++)
        {
            if (counters)
            {
                tick.Counters.Add(AnyNumber());
            }
            else
            {
                tick.Gauges.Add(AnyDouble());
            }
        }
        return tick;
    }

    private ulong AnyTime() => _random.Next(40) switch
    {
        0 => 0,
        1 => ulong.MaxValue,
        2 => 1,
        3 => long.MaxValue,
        _ => 1_763_769_600_000_000_000 + (ulong)_random.NextInt64(1_000_000_000_000),
    };

    private ulong AnyNumber() => _random.Next(6) switch
    {
        0 => 0,
        1 => ulong.MaxValue,
        2 => (ulong)_random.Next(200),
        _ => (ulong)_random.NextInt64() >> _random.Next(64),
    };

    private double AnyDouble() => _random.Next(12) switch
    {
        0 => 0,
        1 => -0.0,
        2 => double.NaN,
        3 => double.PositiveInfinity,
        4 => double.NegativeInfinity,
        5 => double.Epsilon,
        6 => BitConverter.Int64BitsToDouble(_random.NextInt64()),
        _ => _random.NextDouble() * 1000,
    };

    /// <summary>Google's C# parser turns -0 into 0 when it merges a message that comes in two pieces.</summary>
    private double NoNegativeZero() => AnyDouble() + 0.0;

    private bool Chance(double probability) => _random.NextDouble() < probability;

    private static ulong Sum(IEnumerable<ulong> values) => values.Aggregate(0UL, (sum, value) => sum + value);
}

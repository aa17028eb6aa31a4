using Observability.Agent.Recording;

namespace Observability.Agent.Tests.Recording;

public sealed class RequestWindowTests
{
    private const long Ms = 1_000_000;

    [Fact]
    public void Add_WithoutRequests_GivesZeroRatesAndNoPercentiles()
    {
        var window = new RequestWindow(20, 0);
        window.Add(20 * Ms, new HistogramAccumulator(), 0, 0);
        Assert.Equal((0.0, 0.0, false), (window.Rps, window.ErrorRate, window.HasLatencies));
    }

    [Fact]
    public void Add_ASteadyRate_ShowsItOnceASecondHasPassed()
    {
        var window = new RequestWindow(20, 0);
        for (int slot = 1; slot <= 75; slot++)
        {
            window.Add(slot * 20 * Ms, Latencies(10, 10), 2, 1);
        }
        Assert.Equal(100, window.Rps);
        Assert.Equal(0.5, window.ErrorRate);
        Assert.InRange(window.P50, 9.8, 10.2);
    }

    [Fact]
    public void Add_ASecondAfterTheLastRequest_ForgetsIt()
    {
        var window = new RequestWindow(20, 0);
        window.Add(20 * Ms, Latencies(5), 1, 1);
        for (int slot = 2; slot <= 50; slot++)
        {
            window.Add(slot * 20 * Ms, new HistogramAccumulator(), 0, 0);
        }
        Assert.Equal((1.0, true), (window.Rps, window.HasLatencies));
        window.Add(51 * 20 * Ms, new HistogramAccumulator(), 0, 0);
        Assert.Equal((0.0, 0.0, false), (window.Rps, window.ErrorRate, window.HasLatencies));
    }

    [Fact]
    public void Add_AfterALatePush_DividesByTheTimeThatPassed()
    {
        var window = new RequestWindow(20, 0);
        window.Add(2000 * Ms, Latencies(1), 100, 0);
        Assert.Equal(50, window.Rps);
    }

    [Fact]
    public void Add_AtAPushIntervalLongerThanTheWindow_LooksAtOnePush()
    {
        var window = new RequestWindow(5000, 0);
        window.Add(5000 * Ms, Latencies(1), 50, 0);
        window.Add(10_000 * Ms, Latencies(1), 100, 0);
        Assert.Equal(20, window.Rps);
    }

    [Fact]
    public void Percentiles_OverASlidingSecond_AgreeWithTheExactOnes()
    {
        var random = new Random(9);
        var window = new RequestWindow(20, 0);
        var recent = new Queue<double[]>();
        for (int slot = 1; slot <= 200; slot++)
        {
            double[] values = [.. Enumerable.Range(0, 40).Select(_ => 20 * Math.Exp(0.5 * (random.NextDouble() + random.NextDouble() + random.NextDouble())))];
            recent.Enqueue(values);
            if (recent.Count > 50)
            {
                recent.Dequeue();
            }
            window.Add(slot * 20 * Ms, Latencies(values), values.Length, 0);
            if (slot < 10)
            {
                continue;                                   // of a handful of values, neighbouring ranks lie far apart
            }
            double[] exact = [.. recent.SelectMany(v => v).Order()];
            Assert.InRange(window.P50 / exact[exact.Length / 2], 0.978, 1.022);
            Assert.InRange(window.P95 / exact[(int)(0.95 * (exact.Length - 1))], 0.978, 1.022);
            Assert.InRange(window.P99 / exact[(int)(0.99 * (exact.Length - 1))], 0.978, 1.022);
        }
    }

    [Fact]
    public void Add_InSteadyState_AllocatesNothing()
    {
        var window = new RequestWindow(20, 0);
        HistogramAccumulator latencies = Latencies(3, 30, 300);
        void Push(int first)
        {
            for (int slot = first; slot < first + 200; slot++)
            {
                window.Add(slot * 20 * Ms, latencies, 3, 0);
            }
        }
        Push(1);
        Assert.Equal(0, Allocation.Of(() => Push(201)));
    }

    private static HistogramAccumulator Latencies(params double[] values)
    {
        var histogram = new HistogramAccumulator();
        foreach (double value in values)
        {
            histogram.Add(value);
        }
        return histogram;
    }
}

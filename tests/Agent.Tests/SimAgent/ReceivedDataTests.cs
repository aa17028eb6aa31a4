using Observability.SimAgent;
using Observability.SimAgent.Model;

namespace Observability.Agent.Tests.SimAgent;

/// <summary>Each phenomenon of the simulation is in the data that an aggregator received, and as large as the model made it.</summary>
public sealed class ReceivedDataTests(ReceivedRun run) : IClassFixture<ReceivedRun>
{
    private const string Dependency = "{dependency=payment-gateway}";

    private ReceivedSeries Received => run.Received;

    [Fact]
    public void Counters_AtTheEnd_EqualWhatTheModelDid()
    {
        SimRequest[] completed = [.. run.Truth.SelectMany(step => step.Completed)];
        Assert.InRange(completed.Length, 5000, 100_000);
        Assert.Equal(completed.Length, Received.Last("requests_total"));
        Assert.Equal(completed.Count(request => request.IsError), Received.Last("errors_total"));
        Assert.Equal(completed.Length, Received["latency"].Sum(point => point.Count));
        foreach (IGrouping<int, SimRequest> status in completed.GroupBy(request => request.Status))
        {
            IEnumerable<string> series = Received.Names.Where(name =>
                name.StartsWith("http_responses_total", StringComparison.Ordinal) && name.EndsWith($"status={status.Key}}}", StringComparison.Ordinal));
            Assert.Equal(status.Count(), series.Sum(Received.Last));
        }
        Assert.Equal(0, run.Ledger.Dropped);
    }

    [Fact]
    public void Latency_Received_IsLogNormalWhileQuiet()
    {
        // One request in an interval is a histogram of one: its mean is the value itself.
        double[] latencies = [.. Received.Of("latency", IsQuiet).Where(point => point.Count == 1).Select(point => point.Value)];
        Assert.InRange(latencies.Length, 500, 100_000);
        Assert.InRange(latencies.Average() / ModelRun.Median(latencies), 1.03, 1.6);
        Assert.InRange(Skewness(latencies), 0.7, 10);
        Assert.InRange(Skewness([.. latencies.Select(value => Math.Log(value))]), -0.6, 0.9);
    }

    [Fact]
    public void Latency_Received_DriftsAsTheModelDoes()
    {
        double[] drifts = [.. run.Truth.Select(step => step.Conditions.Drift)];
        double split = ModelRun.Median(drifts);
        double slow = MedianLatency(time => IsQuiet(time) && At(time).Conditions.Drift > split);
        double fast = MedianLatency(time => IsQuiet(time) && At(time).Conditions.Drift <= split);
        Assert.InRange(slow / fast, 1.05, 4);
    }

    [Fact]
    public void Rps_Received_FollowsTheWavesOfTheDay()
    {
        double[] loads = [.. run.Truth.Select(step => step.Conditions.Load)];
        double busyFrom = ModelRun.Quantile(loads, 0.8);
        double idleTo = ModelRun.Quantile(loads, 0.2);
        double busy = Received.Of("rps", time => IsQuiet(time) && At(time).Conditions.Load >= busyFrom).Average(point => point.Value);
        double idle = Received.Of("rps", time => IsQuiet(time) && At(time).Conditions.Load <= idleTo).Average(point => point.Value);
        Assert.InRange(busy / idle, 1.5, 10);
    }

    [Fact]
    public void Pauses_Received_AreThoseOfTheModelAndStallWhatWasOpen()
    {
        double[] pauses = [.. run.Truth.Where(step => step.PauseMs > 0).Select(step => step.PauseMs)];
        Assert.Equal(pauses.Length, Received["gc_pause"].Sum(point => point.Count));
        Assert.Equal(pauses.Sum(), Received["gc_pause"].Sum(point => point.Count * point.Value), pauses.Sum() * 1e-6);
        double[] longOnes = [.. Received["gc_pause"].Where(point => point.Value > 40).Select(point => point.Seconds)];
        Assert.InRange(longOnes.Length, 5, 200);
        double after = MedianLatency(time => longOnes.Any(pause => time > pause && time <= pause + 0.1));
        Assert.InRange(after / MedianLatency(_ => true), 1.2, 20);
        // The heap falls by what the long pause freed.
        Assert.All(longOnes, pause => Assert.InRange(HeapAt(pause), 0, HeapAt(pause - Simulation.StepSeconds) - 40e6));
    }

    [Fact]
    public void Retries_Received_AreThoseOfTheModel()
    {
        double expected = run.Truth.SelectMany(step => step.Completed).Sum(request => request.Retries);
        Assert.InRange(expected, 20, 100_000);
        Assert.Equal(expected, Received.Last("retries_total" + Dependency));
    }

    [Fact]
    public void SlowDependency_Received_SlowsCallsAndRequests()
    {
        double during = MedianOf("dependency_latency" + Dependency, time => Intensity(time, IncidentKind.SlowDependency) >= 1);
        double quiet = MedianOf("dependency_latency" + Dependency, IsQuiet);
        Assert.InRange(during / quiet, 3, 20);
        Assert.InRange(MedianLatency(time => Intensity(time, IncidentKind.SlowDependency) >= 1) / MedianLatency(IsQuiet), 1.5, 10);
    }

    [Fact]
    public void ErrorBurst_Received_ShowsInTheErrorRate()
    {
        // The rate is over the last second: it is in full effect a second after the burst is.
        bool InBurst(double time) => Intensity(time, IncidentKind.ErrorBurst) >= 1;
        double during = Received.Of("error_rate", time => InBurst(time) && InBurst(time - 1)).Average(point => point.Value);
        double quiet = Received.Of("error_rate", IsQuiet).Average(point => point.Value);
        Assert.InRange(during, 0.08, 0.5);
        Assert.InRange(quiet, 0, 0.02);
    }

    [Fact]
    public void Deploy_Received_TakesTheInstanceDownAndStartsItCold()
    {
        IEnumerable<int> steps = Enumerable.Range(1, run.Truth.Count - 1).Where(i => run.Truth[i - 1].IsDown && !run.Truth[i].IsDown);
        double[] starts = [.. steps.Select(i => i * Simulation.StepSeconds)];
        Assert.NotEmpty(starts);
        Assert.Equal(starts.Length, Received.Last("deploys_total"));
        foreach (double start in starts.Where(start => start + 25 < ReceivedRun.RunSeconds))
        {
            // Down for 1.2 s, and the rate is over one second: only what was still open is left in it.
            Assert.InRange(Received.Of("rps", time => time >= start - 0.3 && time <= start).Min(point => point.Value), 0, 15);
            double cold = MedianLatency(time => time > start && time < start + 2);
            double warm = MedianLatency(time => time > start + 12 && time < start + 25);
            Assert.InRange(cold / warm, 1.2, 15);
        }
    }

    private static int StepAt(double seconds) => (int)Math.Round(seconds / Simulation.StepSeconds) - 1;

    private ModelStep At(double seconds) => run.Truth[Math.Clamp(StepAt(seconds), 0, run.Truth.Count - 1)];

    private double Intensity(double seconds, IncidentKind kind) => At(seconds).Conditions.Intensity(kind);

    private bool IsQuiet(double seconds) => QuietSteps.Contains(StepAt(seconds));

    private HashSet<int> QuietSteps => field ??= ReadQuietSteps();

    private HashSet<int> ReadQuietSteps()
    {
        var quiet = new HashSet<ModelStep>(ModelRun.Quiet(run.Truth), ReferenceEqualityComparer.Instance);
        return [.. Enumerable.Range(0, run.Truth.Count).Where(i => quiet.Contains(run.Truth[i]))];
    }

    private double HeapAt(double seconds) => Received["heap_bytes"].Last(point => point.Seconds <= seconds + 0.001).Value;

    private double MedianLatency(Func<double, bool> at) => MedianOf("latency", at);

    private double MedianOf(string histogram, Func<double, bool> at) =>
        ModelRun.Median(Received.Of(histogram, at).Where(point => point.Count > 0).Select(point => point.Value));

    private static double Skewness(double[] values)
    {
        double mean = values.Average();
        double sigma = Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
        return values.Average(value => Math.Pow((value - mean) / sigma, 3));
    }
}

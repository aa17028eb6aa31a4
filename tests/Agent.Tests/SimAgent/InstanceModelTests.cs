using Observability.SimAgent;
using Observability.SimAgent.Model;

namespace Observability.Agent.Tests.SimAgent;

/// <summary>Each phenomenon, in a seeded run of the model.</summary>
public sealed class InstanceModelTests
{
    private static readonly List<ModelStep> Steps = ModelRun.Of(seconds: 1200);

    [Fact]
    public void Advance_WithTheSameSeed_GivesTheSameRequests()
    {
        Assert.Equal(Trace(ModelRun.Of(60)), Trace(ModelRun.Of(60)));
        Assert.NotEqual(Trace(ModelRun.Of(60)), Trace(ModelRun.Of(60, ModelRun.Settings with { Seed = 4 })));
        Assert.NotEqual(Trace(ModelRun.Of(60)), Trace(ModelRun.Of(60, instance: "b")));
    }

    [Fact]
    public void Latency_OnAQuietDay_IsLogNormal()
    {
        // The logarithm of a log-normal is symmetric; the latency itself leans far to the right.
        double[] latencies = [.. ModelRun.Quiet(Steps).SelectMany(step => step.Completed).Where(r => r.Route == 0 && r.Retries == 0 && r.Status == 200).Select(r => r.LatencyMs)];
        Assert.InRange(latencies.Length, 5000, 100_000);
        double mean = latencies.Average();
        double median = ModelRun.Median(latencies);
        Assert.InRange(mean / median, 1.03, 1.5);
        Assert.InRange(Skewness(latencies), 1, 8);
        Assert.InRange(Skewness([.. latencies.Select(value => Math.Log(value))]), -0.35, 0.6);
    }

    [Fact]
    public void Latency_OverMinutes_Drifts()
    {
        double[] drift = [.. Steps.Select(step => step.Conditions.Drift)];
        Assert.InRange(drift.Max() / drift.Min(), 1.3, 6);
        double largestStep = drift.Zip(drift.Skip(1), (a, b) => Math.Abs(b - a)).Max();
        Assert.InRange(largestStep, 0, 0.05);               // it wanders, it does not jump
    }

    [Fact]
    public void Load_OverADay_RisesAndFalls()
    {
        int stepsPerDay = (int)(ModelRun.Settings.DaySeconds / Simulation.StepSeconds);
        double[] rates = [.. Steps.Take(stepsPerDay * 5).Chunk(stepsPerDay / 10).Select(part => part.Average(step => step.Completed.Length))];
        Assert.InRange(rates.Max() / rates.Where(rate => rate > 0).Min(), 1.8, 20);
        // The same hour of the next day looks alike.
        double[] firstDay = rates[..10];
        double[] secondDay = rates[10..20];
        Assert.InRange(Correlation(firstDay, secondDay), 0.5, 1);
    }

    [Fact]
    public void Pauses_WhenTheHeapIsFull_LengthenWhatWasOpenAndFreeTheHeap()
    {
        int[] pauses = [.. Enumerable.Range(1, Steps.Count - 1).Where(i => Steps[i].PauseMs > 40)];
        Assert.InRange(pauses.Length, 10, 500);
        Assert.All(pauses, i => Assert.InRange(Steps[i].HeapMb, 0, Steps[i - 1].HeapMb - 40));
        Assert.InRange(Steps.Count(step => step.PauseMs is > 0 and < 10), pauses.Length, 10_000);
        // What completes right after a long pause took about as much longer.
        double after = ModelRun.Median(pauses.SelectMany(i => Steps.Skip(i).Take(5)).SelectMany(step => step.Completed).Select(r => r.LatencyMs));
        double usual = ModelRun.Median(Steps.SelectMany(step => step.Completed).Select(r => r.LatencyMs));
        Assert.InRange(after, usual * 1.3, usual * 10);
    }

    [Fact]
    public void Retries_AfterAFailedCall_CostTime()
    {
        SimRequest[] quiet = [.. ModelRun.Quiet(Steps).SelectMany(step => step.Completed)];
        SimRequest[] retried = [.. quiet.Where(r => r.Retries > 0)];
        Assert.InRange(retried.Length / (double)quiet.Length, 0.002, 0.02);
        Assert.InRange(ModelRun.Median(retried.Select(r => r.LatencyMs)) / ModelRun.Median(quiet.Select(r => r.LatencyMs)), 1.2, 6);
        Assert.All(quiet, r => Assert.InRange(r.Retries, 0, 2));
    }

    [Fact]
    public void SlowDependency_WhileItLasts_SlowsItsCallsAndTheRequests()
    {
        double during = Dependency(IncidentKind.SlowDependency, r => r.DependencyMs);
        double quiet = ModelRun.Median(ModelRun.Quiet(Steps).SelectMany(step => step.Completed).Select(r => r.DependencyMs));
        Assert.InRange(during / quiet, 3, 20);
        double latency = ModelRun.Median(ModelRun.Quiet(Steps).SelectMany(step => step.Completed).Select(r => r.LatencyMs));
        Assert.InRange(Dependency(IncidentKind.SlowDependency, r => r.LatencyMs) / latency, 1.5, 10);
    }

    [Fact]
    public void ErrorBurst_WhileItLasts_FailsAShareOfTheRequests()
    {
        double during = ErrorShare(During(IncidentKind.ErrorBurst));
        double quiet = ErrorShare(ModelRun.Quiet(Steps));
        Assert.InRange(quiet, 0.0001, 0.01);
        Assert.InRange(during, 0.1, 0.5);
    }

    [Fact]
    public void Deploy_OfAnInstance_TakesItDownAndStartsItCold()
    {
        int[] starts = [.. Enumerable.Range(1, Steps.Count - 1).Where(i => Steps[i - 1].IsDown && !Steps[i].IsDown)];
        Assert.NotEmpty(starts);
        Assert.All(starts, i =>
        {
            double cold = ModelRun.Median(Steps.Skip(i).Take(75).SelectMany(step => step.Completed).Select(r => r.LatencyMs));
            double warm = ModelRun.Median(Steps.Skip(i + 1000).Take(500).SelectMany(step => step.Completed).Select(r => r.LatencyMs).DefaultIfEmpty(cold));
            Assert.InRange(cold / warm, 1.3, 12);
        });
        ModelStep[] down = [.. Steps.Where(step => step.IsDown)];
        Assert.InRange(down.Length * Simulation.StepSeconds / starts.Length, 1, 1.5);
        Assert.Empty(down[^1].Completed);        // by its end all that was open has finished
    }

    [Fact]
    public void Slots_OfOpenRequests_AreFewAndUsedAgain()
    {
        Assert.InRange(Steps.SelectMany(step => step.Completed).Max(r => r.Slot), 1, 500);
        Assert.InRange(Steps.Max(step => step.Inflight), 1, 500);
    }

    [Fact]
    public void Instances_OfOneService_ShareItsFateButNotItsRequests()
    {
        List<ModelStep> other = ModelRun.Of(100, instance: "b");
        Assert.Equal(Steps.Take(other.Count).Select(step => step.Conditions), other.Select(step => step.Conditions));
        Assert.NotEqual(Trace(Steps.Take(other.Count)), Trace(other));
    }

    private static IEnumerable<ModelStep> During(IncidentKind kind) => Steps.Where(step => step.Conditions.Intensity(kind) >= 1);

    private static double Dependency(IncidentKind kind, Func<SimRequest, double> value) =>
        ModelRun.Median(During(kind).SelectMany(step => step.Completed).Select(value));

    private static double ErrorShare(IEnumerable<ModelStep> steps)
    {
        SimRequest[] requests = [.. steps.SelectMany(step => step.Completed)];
        return requests.Count(r => r.IsError) / (double)requests.Length;
    }

    private static List<(double, int)> Trace(IEnumerable<ModelStep> steps) =>
        [.. steps.SelectMany(step => step.Completed).Select(r => (r.LatencyMs, r.Status))];

    private static double Skewness(double[] values)
    {
        double mean = values.Average();
        double sigma = Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
        return values.Average(value => Math.Pow((value - mean) / sigma, 3));
    }

    private static double Correlation(double[] a, double[] b)
    {
        double meanA = a.Average();
        double meanB = b.Average();
        double both = a.Zip(b, (x, y) => (x - meanA) * (y - meanB)).Sum();
        return both / Math.Sqrt(a.Sum(x => (x - meanA) * (x - meanA)) * b.Sum(y => (y - meanB) * (y - meanB)));
    }
}

using Observability.Stress.Soak;

namespace Observability.Agent.Tests;

/// <summary>The soak of tests/Stress in its one-minute form, and that its verdict sees a leak.</summary>
public sealed class SoakTests
{
    [Fact]
    public async Task Soak_OneMinute_MemoryAndHandlesAndLatencyStayWhatTheyWere()
    {
        long collections = 0;
        SoakVerdict verdict = await SoakCommand.RunAsync(TimeSpan.FromMinutes(1), sample =>
        {
            collections = sample.Collections;
            TestContext.Current.SendDiagnosticMessage(sample.ToString());
        });
        Assert.True(collections >= 3, $"Only {collections} collections: memory tells nothing of what is held.");
        Assert.True(verdict.Holds, verdict.ToString());
    }

    [Theory]
    [InlineData(0, 0, 1, "")]
    [InlineData(0.75, 0, 1, "memory, MB")]                  // 200 KB a second
    [InlineData(0, 1, 1, "handles")]
    [InlineData(0, 0, 1.3, "recorded to message p99, ms")]
    public void Verdict_OfATrend_NamesWhatGrew(double megabytesAStep, int handlesAStep, double latencyFactorAStep, string grew)
    {
        SoakVerdict verdict = SoakVerdict.Of([.. Enumerable.Range(0, 12).Select(step => new SoakSample(
            TimeSpan.FromSeconds(step * 4), 22 + (step * megabytesAStep) + (step % 2), 8, step, 1, 28 + (handlesAStep * step), 20, 60 * Math.Pow(latencyFactorAStep, step)))]);
        Assert.Equal(grew, string.Join(' ', verdict.Judged.Where(one => one.Late > one.Allowed).Select(one => one.What)));
    }
}

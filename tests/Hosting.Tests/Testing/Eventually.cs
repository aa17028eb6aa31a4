using System.Diagnostics;

namespace Hosting.Tests.Testing;

/// <summary>Polls for what must become true, with a deadline.</summary>
internal static class Eventually
{
    /// <summary>What is promised on a machine of one's own; a test fails for a hang, not for the neighbours' load.</summary>
    public const int Guard = 5;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    public static async Task TrueAsync(Func<bool> condition, TimeSpan timeout, Func<string> describe)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < timeout, describe());
            await Task.Delay(Interval, TestContext.Current.CancellationToken);
        }
    }
}

using System.Diagnostics;

namespace Observability.Protocol.Tests;

/// <summary>Waits until something holds, with a deadline that no sound run comes near.</summary>
internal static class Poll
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    public static async Task UntilAsync(Func<bool> holds, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!holds())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Deadline, $"Waited {Deadline.TotalSeconds} s in vain: {what}.");
            await Task.Delay(5, TestLimit.Token);
        }
    }
}

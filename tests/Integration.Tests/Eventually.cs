using System.Diagnostics;

namespace Integration.Tests;

/// <summary>Polls for what must become true, with a deadline.</summary>
public static class Eventually
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>What is promised on a machine of one's own; a test fails for a hang, not for the neighbours' load.</summary>
    private const int Guard = 5;

    /// <summary>As <see cref="GetAsync"/>, for what is promised within a time: prints how long it took, and fails after five times as long.</summary>
    public static async Task<T> WithinAsync<T>(Func<Task<T>> ask, Predicate<T> isGood, TimeSpan promised, string what)
    {
        long start = Stopwatch.GetTimestamp();
        T answer = await GetAsync(ask, isGood, promised * Guard, what);
        TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant(
            $"{what.Split('\n')[0]}: {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s ({promised.TotalSeconds:0} s are promised)"));
        return answer;
    }

    /// <summary>Asks until <paramref name="isGood"/> accepts the answer, and returns it. An HTTP error is an answer that is not good.</summary>
    public static async Task<T> GetAsync<T>(Func<Task<T>> ask, Predicate<T> isGood, TimeSpan timeout, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            object? last;
            try
            {
                T answer = await ask();
                if (isGood(answer))
                {
                    return answer;
                }
                last = answer;
            }
            catch (HttpRequestException exception)
            {
                last = exception.Message;
            }
            Assert.True(Stopwatch.GetElapsedTime(start) < timeout, $"Waited {timeout.TotalSeconds:0} s in vain for {what}. Last answer: {last}");
            await Task.Delay(Interval, TestContext.Current.CancellationToken);
        }
    }
}

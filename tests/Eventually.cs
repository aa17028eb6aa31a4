using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Observability.Tests;

/// <summary>
/// The one way in which tests wait: asks again until the answer is good, and fails with the last answer. A time that a test states is what is
/// promised; it fails after five times as long, for a hang and not for what else the machine does.
/// </summary>
internal static class Eventually
{
    /// <summary>For what is promised no time: far beyond what a busy machine needs.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(5);
    private const int Guard = 5;

    /// <summary>Waits until <paramref name="condition"/> holds. Without <paramref name="otherwise"/> a failure prints the condition itself.</summary>
    public static Task TrueAsync(Func<bool> condition, Func<string>? otherwise = null, [CallerArgumentExpression(nameof(condition))] string what = "") =>
        TrueAsync(() => Task.FromResult(condition()), otherwise, what);

    /// <inheritdoc cref="TrueAsync(Func{bool}, Func{string}, string)"/>
    public static async Task TrueAsync(
        Func<Task<bool>> condition, Func<string>? otherwise = null, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        long start = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Deadline, otherwise?.Invoke() ?? $"Waited {Deadline.TotalSeconds:0} s in vain for: {what}");
            await Task.Delay(Interval, TestContext.Current.CancellationToken);
        }
    }

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
        TimeSpan interval = Interval;
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
            await Task.Delay(interval, TestContext.Current.CancellationToken);
            interval = interval * 2 < TimeSpan.FromMilliseconds(100) ? interval * 2 : TimeSpan.FromMilliseconds(100);
        }
    }
}

using System.Diagnostics;

namespace Observability.Agent.Tests;

/// <summary>Waits for what must come true, with a deadline far beyond what a busy machine needs.</summary>
internal static class Eventually
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    public static Task TrueAsync(Func<bool> condition, Func<string>? otherwise = null) =>
        TrueAsync(() => Task.FromResult(condition()), otherwise);

    public static async Task TrueAsync(Func<Task<bool>> condition, Func<string>? otherwise = null)
    {
        var waited = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(waited.Elapsed < Deadline, otherwise?.Invoke() ?? "It did not come true in time.");
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }
}

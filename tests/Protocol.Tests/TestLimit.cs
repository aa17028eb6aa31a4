using System.Runtime.CompilerServices;

namespace Observability.Protocol.Tests;

/// <summary>A limit on the time of each test: what waits for ever fails, and the stack of its failure names the wait.</summary>
internal static class TestLimit
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);
    private static readonly ConditionalWeakTable<object, CancellationTokenSource> Sources = [];

    /// <summary>Fires when the running test has taken too long, or the run is cancelled. A server's own threads, which belong to no test, have no limit.</summary>
    public static CancellationToken Token =>
        TestContext.Current.Test is { } test ? Sources.GetValue(test, static _ => Limited()).Token : TestContext.Current.CancellationToken;

    private static CancellationTokenSource Limited()
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        source.CancelAfter(Limit);
        return source;
    }
}

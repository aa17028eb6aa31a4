using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(Integration.Tests.LongestFirst))]

namespace Integration.Tests;

/// <summary>
/// The order in which classes are started, two at a time: those of minutes before those of seconds, so that no long one is left for the end, when it would run alone.
/// </summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] Long =
    [
        nameof(Page.EveryPageTests), nameof(Page.PageScaleTests), nameof(Page.LivePageTests), nameof(Page.TwoAggregatorsPageTests), nameof(GraphTests),
        nameof(PrometheusGraphTests), nameof(Page.ValuesTests), nameof(Prometheus.LiveAlertTests),
    ];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection => [.. testCollections.OrderBy(Rank)];

    private static int Rank<TTestCollection>(TTestCollection collection)
        where TTestCollection : ITestCollection
    {
        int index = Array.FindIndex(Long, name => collection.TestCollectionDisplayName.Contains('.' + name, StringComparison.Ordinal));
        return index < 0 ? Long.Length : index;
    }
}

namespace Integration.Tests;

/// <summary>Base of tests that start or use a graph: when one fails, what the graphs printed meanwhile is added to its output.</summary>
public abstract class GraphTest : IAsyncDisposable
{
    private const int LinesShownMax = 300;

    /// <summary>The graphs that the running test has to do with.</summary>
    private static readonly AsyncLocal<List<TestGraph>?> Watched = new();

    protected GraphTest()
    {
        Watched.Value = [];
    }

    public virtual ValueTask DisposeAsync()
    {
        if (TestContext.Current.TestState?.Result == TestResult.Failed && TestContext.Current.TestOutputHelper is { } output)
        {
            foreach (TestGraph graph in Watched.Value ?? [])
            {
                IReadOnlyList<string> lines = graph.Logs.Lines;
                output.WriteLine($"The last {Math.Min(lines.Count, LinesShownMax)} of {lines.Count} lines of the graph:");
                foreach (string line in lines.TakeLast(LinesShownMax))
                {
                    output.WriteLine(line);
                }
            }
        }
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    internal static void Watch(TestGraph graph)
    {
        if (Watched.Value is { } watched && !watched.Contains(graph))
        {
            watched.Add(graph);
        }
    }
}

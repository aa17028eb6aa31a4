namespace Aspire.Hosting.ApplicationModel;

/// <summary>The variables of one resource while they are collected: strings, or values that are known only when the graph runs (<see
/// cref="IValueProvider"/>). In the order in which they were set, which is the order they are published in.</summary>
internal sealed class EnvironmentContext(DistributedApplicationExecutionContext executionContext)
{
    public DistributedApplicationExecutionContext ExecutionContext { get; } = executionContext;
    public OrderedDictionary<string, object> Variables { get; } = new(StringComparer.Ordinal);

    public static EnvironmentContext Collect(Resource resource, DistributedApplicationExecutionContext executionContext)
    {
        var context = new EnvironmentContext(executionContext);
        foreach (Action<EnvironmentContext> callback in resource.Environment)
        {
            callback(context);
        }
        return context;
    }
}

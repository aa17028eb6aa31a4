namespace Observability.AppHost;

/// <summary>Stands in the table of resources for a tool that is not run, with the reason.</summary>
internal sealed class ToolNotRun(string name) : Resource(name)
{
    public static void Add(IDistributedApplicationBuilder builder, string name, string reason)
    {
        builder.AddResource(new ToolNotRun(name))
            .WithInitialState(new CustomResourceSnapshot { ResourceType = "Tool", Properties = [], State = $"Off: {reason}" });
    }
}

using System.Collections.Immutable;

namespace Observability.AppHost.Running;

/// <summary>Stands among the resources for a tool that is not run; the property <c>Reason</c> says why.</summary>
internal sealed class ToolNotRun(string name) : Resource(name)
{
    /// <summary>One word: Aspire's dashboard cuts a longer state.</summary>
    public const string State = "Off";
    public const string ReasonProperty = "Reason";

    public static void Add(IDistributedApplicationBuilder builder, string name, string reason)
    {
        ImmutableArray<ResourcePropertySnapshot> properties = [new ResourcePropertySnapshot(ReasonProperty, reason)];
        builder.AddResource(new ToolNotRun(name)).ExcludeFromManifest()
            .WithInitialState(new CustomResourceSnapshot { ResourceType = "Tool", Properties = properties, State = State });
    }
}

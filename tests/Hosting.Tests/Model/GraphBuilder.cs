using Aspire.Hosting.Running;

namespace Hosting.Tests.Model;

/// <summary>Builds graphs that are looked at, not run.</summary>
internal static class GraphBuilder
{
    public static IDistributedApplicationBuilder Create(params string[] args)
    {
        return DistributedApplication.CreateBuilder(["--EmbeddedHost:Console=false", .. args]);
    }

    public static IResourceBuilder<ProjectResource> AddSample(this IDistributedApplicationBuilder builder, string name)
    {
        return builder.AddProject<SampleProject>(name, launchProfileName: null);
    }

    /// <summary>The variables that a process of the resource would get, with ports given to every endpoint of the graph.</summary>
    public static Dictionary<string, string> EnvironmentOf<T>(this IDistributedApplicationBuilder builder, IResourceBuilder<T> resource)
        where T : Resource
    {
        using var ports = new PortAllocation(builder.Resources, randomizePorts: false);
        return EnvironmentContext.Collect(resource.Resource, builder.ExecutionContext).Variables
            .ToDictionary(variable => variable.Key, variable => variable.Value as string ?? ((IValueProvider)variable.Value).GetValue() ?? "");
    }

    /// <summary>The expression that a published file would have for a variable.</summary>
    public static string ExpressionOf<T>(this IDistributedApplicationBuilder builder, IResourceBuilder<T> resource, string variable)
        where T : Resource
    {
        object value = EnvironmentContext.Collect(resource.Resource, builder.ExecutionContext).Variables[variable];
        return value as string ?? ((IManifestExpressionProvider)value).ValueExpression;
    }
}

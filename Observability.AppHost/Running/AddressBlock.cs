using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Observability.AppHost.Running;

/// <summary>Prints once where everything is reached, as soon as every resource is healthy, has failed or is off; and why something is off.</summary>
internal sealed class AddressBlock(DistributedApplicationModel model, ResourceNotificationService notifications) : BackgroundService
{
    private const string AspireDashboard = "aspire-dashboard";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        IEnumerable<IResource> shown = model.Resources.Where(resource =>
            resource is ProjectResource or ExecutableResource or ContainerResource or ToolNotRun
            && !resource.IsChild() && !resource.TryGetLastAnnotation<ExplicitStartupAnnotation>(out _));
        ResourceEvent[] settled = await Task.WhenAll(shown.Select(resource =>
            notifications.WaitForResourceAsync(resource.Name, resourceEvent => IsSettled(resourceEvent.Snapshot), stoppingToken)));
        await Console.Out.WriteLineAsync(Format(settled));
    }

    private static bool IsSettled(CustomResourceSnapshot snapshot) =>
        IsHealthy(snapshot) || snapshot.State?.Text == ToolNotRun.State || KnownResourceStates.TerminalStates.Contains(snapshot.State?.Text);

    private static bool IsHealthy(CustomResourceSnapshot snapshot) =>
        snapshot.State?.Text == KnownResourceStates.Running && snapshot.HealthStatus == HealthStatus.Healthy;

    private static string Format(ResourceEvent[] resources)
    {
        (string Name, string Text)[] rows =
        [
            .. resources.Where(resource => IsHealthy(resource.Snapshot)).SelectMany(Addresses).OrderByDescending(row => row.Order).Select(row => (row.Name, row.Url)),
            .. resources.Where(resource => !IsHealthy(resource.Snapshot)).Select(resource => (resource.Resource.Name, WhyNot(resource.Snapshot))),
        ];
        string title = Array.TrueForAll(resources, resource => IsHealthy(resource.Snapshot) || resource.Resource is ToolNotRun)
            ? "Everything is running. Ctrl-C stops it."
            : "Not everything is running. Ctrl-C stops the rest.";
        int width = rows.Max(row => row.Name.Length);
        IEnumerable<string> lines = rows.Select(row => string.Create(CultureInfo.InvariantCulture, $"  {row.Name.PadRight(width)}  {row.Text}"));
        return $"\n{title}\n{string.Join('\n', lines)}\n";
    }

    private static IEnumerable<(string Name, string Url, int Order)> Addresses(ResourceEvent resource) =>
        resource.Resource.Name == AspireDashboard
            ? resource.Snapshot.Urls.Where(url => url.Name is "http" or "https").Select(url => ("Aspire's dashboard", url.Url, 0))
            : resource.Snapshot.Urls.Where(url => url.DisplayProperties.DisplayName.Length > 0)
                .Select(url => (url.DisplayProperties.DisplayName, url.Url, url.DisplayProperties.SortOrder));

    private static string WhyNot(CustomResourceSnapshot snapshot) =>
        snapshot.Properties.FirstOrDefault(property => property.Name == ToolNotRun.ReasonProperty)?.Value is { } reason
            ? $"off: {reason}"
            : $"{snapshot.State?.Text}: its log in Aspire's dashboard says why";
}

internal static class AddressBlockExtensions
{
    public static void AddAddressBlock(this IDistributedApplicationBuilder builder)
    {
        if (builder.ExecutionContext.IsRunMode)
        {
            builder.Services.AddHostedService<AddressBlock>();
        }
    }
}

namespace Aspire.Hosting;

/// <summary>What the command line asks to publish: <c>--publisher manifest</c> or <c>--operation publish --step publish</c>.</summary>
internal static class PublishRequest
{
    public static bool IsPresent(IConfiguration configuration) =>
        configuration["publisher"] is not null || string.Equals(configuration["operation"], "publish", StringComparison.OrdinalIgnoreCase);

    public static bool IsManifest(IConfiguration configuration) => configuration["publisher"] == "manifest";

    public static string OutputPath(IConfiguration configuration) =>
        configuration["output-path"]
            ?? throw new DistributedApplicationException("Cannot publish the graph, because --output-path is missing. Say where to write it.");
}

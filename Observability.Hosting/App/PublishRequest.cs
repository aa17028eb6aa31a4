namespace Aspire.Hosting;

/// <summary>What the command line asks to publish.</summary>
internal static class PublishRequest
{
    public static bool IsPresent(IConfiguration configuration)
    {
        return configuration["publisher"] is not null
            || string.Equals(configuration["operation"], "publish", StringComparison.OrdinalIgnoreCase);
    }
}

using System.Reflection;

namespace Observability.Agent;

/// <summary>Where names come from when nobody set them.</summary>
internal static class AgentEnvironment
{
    private const string InstanceAttribute = "service.instance.id";

    public static string DefaultServiceName() => Assembly.GetEntryAssembly()?.GetName().Name ?? "unknown_service";

    public static string DefaultInstanceId() => $"{Environment.MachineName}-{Environment.ProcessId}";

    /// <summary>An empty value is no value.</summary>
    public static string? Text(Func<string, string?> read, string key) => read(key) is { } text && text.Trim() is { Length: > 0 } trimmed ? trimmed : null;

    public static string ServiceName(Func<string, string?> read) => Text(read, "OTEL_SERVICE_NAME") ?? DefaultServiceName();

    public static string InstanceId(Func<string, string?> read) =>
        Text(read, "OTEL_RESOURCE_ATTRIBUTES") is { } attributes && FindAttribute(attributes, InstanceAttribute) is { Length: > 0 } instance
            ? instance
            : DefaultInstanceId();

    /// <summary>key=value pairs with commas between; values are percent-encoded.</summary>
    private static string? FindAttribute(string attributes, string key)
    {
        foreach (string pair in attributes.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int separator = pair.IndexOf('=', StringComparison.Ordinal);
            if (separator > 0 && pair.AsSpan(0, separator).Trim().SequenceEqual(key))
            {
                return Uri.UnescapeDataString(pair[(separator + 1)..].Trim());
            }
        }
        return null;
    }
}

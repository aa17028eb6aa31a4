using Integration.Tests.Clients;

namespace Integration.Tests.Prometheus;

/// <summary>Folders of the repository that the product ships as they are.</summary>
internal static class ProductFiles
{
    public static string Root => ForeignClient.Root;

    public static string Prometheus => Path.Combine(Root, "prometheus");

    public static string Grafana => Path.Combine(Root, "grafana");

    public static string Read(params string[] path) => File.ReadAllText(Path.Combine([Root, .. path]));
}

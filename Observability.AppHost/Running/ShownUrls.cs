#pragma warning disable CS0618 // DisplayOrder is a field that will become a property.
namespace Observability.AppHost.Running;

/// <summary>In which order addresses are shown, in Aspire's dashboard and in the console: the highest first.</summary>
internal static class UrlOrder
{
    public const int Page = 70;
    public const int Api = 60;
    public const int WebSocket = 50;
    public const int Grpc = 40;
    public const int Metrics = 30;
    public const int Prometheus = 20;
    public const int Grafana = 10;
}

internal static class ShownUrls
{
    /// <summary>Gives an address the name by which people know it; one without a name is left out of the console.</summary>
    public static void Show(this ResourceUrlAnnotation url, string name, int order, string path = "")
    {
        url.Url += path;
        url.DisplayText = name;
        url.DisplayOrder = order;
    }

    /// <summary>The WebSocket at an HTTP endpoint.</summary>
    public static ResourceUrlAnnotation WebSocket(EndpointReference http) => new()
    {
        Url = new UriBuilder(http.Url) { Scheme = "ws", Path = "/ws" }.Uri.ToString(),
        DisplayText = "WebSocket",
        DisplayOrder = UrlOrder.WebSocket,
        DisplayLocation = UrlDisplayLocation.DetailsOnly,
    };
}

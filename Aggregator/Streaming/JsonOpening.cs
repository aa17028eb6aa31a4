using System.Text;

namespace Observability.Aggregator.Streaming;

/// <summary>How a message of samples begins for one connection; the shared bytes of <see cref="JsonSink"/> follow.</summary>
internal static class JsonOpening
{
    private static readonly byte[] Automatic = "{\"type\":\"samples\","u8.ToArray();

    /// <summary>Null is the subscription that every JSON connection begins with; the others are named by their id.</summary>
    public static byte[] For(long? subscriptionId) =>
        subscriptionId is { } id ? Encoding.UTF8.GetBytes($"{{\"type\":\"samples\",\"id\":{id},") : Automatic;
}

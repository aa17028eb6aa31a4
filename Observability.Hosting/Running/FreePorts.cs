using System.Net.NetworkInformation;

namespace Aspire.Hosting.Running;

/// <summary>Hands out ports that nobody listens on, each only once in this process. They lie below the range that systems take ports
/// for outgoing connections from, so that none of those comes in between.</summary>
internal static class FreePorts
{
    private const int PortMin = 15_000;
    private const int PortMax = 31_999;
    private const int AttemptsMax = 1_000;

    private static readonly Lock Lock = new();
    private static readonly HashSet<int> HandedOut = [];

    public static int Take()
    {
        lock (Lock)
        {
            HashSet<int> taken = Taken();
            for (int attempt = 0; attempt < AttemptsMax; attempt++)
            {
                // Other hosts look for ports at the same time: a random start keeps us apart.
                int port = Random.Shared.Next(PortMin, PortMax + 1);
                if (!taken.Contains(port) && HandedOut.Add(port))
                {
                    return port;
                }
            }
        }
        throw new DistributedApplicationException(
            $"Cannot find a free port between {PortMin} and {PortMax} after {AttemptsMax} attempts. End some programs that listen there.");
    }

    /// <summary>Makes a port available again after its graph has ended.</summary>
    public static void Return(int port)
    {
        lock (Lock)
        {
            HandedOut.Remove(port);
        }
    }

    public static HashSet<int> Taken() =>
        [.. IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Select(listener => listener.Port)];
}

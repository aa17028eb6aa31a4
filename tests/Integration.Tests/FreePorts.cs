using System.Net.NetworkInformation;

namespace Integration.Tests;

internal static class FreePorts
{
    /// <summary>Ports on which nobody listens now, below those that the system hands out itself.</summary>
    public static int[] Take(int count)
    {
        HashSet<int> taken = [.. Listening()];
        return [.. Enumerable.Range(0, int.MaxValue).Select(_ => Random.Shared.Next(15_000, 32_000)).Where(port => taken.Add(port)).Take(count)];
    }

    public static IEnumerable<int> Listening() => IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Select(listener => listener.Port);
}

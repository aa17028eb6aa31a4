using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Aspire.Hosting.Running;

namespace Hosting.Tests.Running;

public sealed class PortOwnerTests
{
    [Fact]
    public void Describe_PortOfThisProcess_NamesItsPid()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        Assert.Contains(port, FreePorts.Taken());
        Assert.StartsWith(string.Create(CultureInfo.InvariantCulture, $"pid {Environment.ProcessId} ("), PortOwner.Describe(port), StringComparison.Ordinal);
    }
}

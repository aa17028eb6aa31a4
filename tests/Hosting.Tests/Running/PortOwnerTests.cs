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

    [Theory]
    [InlineData("4711\n", 4711)]
    [InlineData("", null)]
    [InlineData("\u6d3b\u52a8\u8fde\u63a5\r\n", null)]
    [InlineData("\r\nActive Connections\r\n\r\n  Proto  Local Address  Foreign Address  State  PID\r\n  TCP    127.0.0.1:50000  127.0.0.1:9000  ESTABLISHED  1\r\n" +
        "  TCP    0.0.0.0:19000  0.0.0.0:0  LISTENING  2\r\n  TCP    0.0.0.0:9000  0.0.0.0:0  ABH\u00d6REN  4711\r\n", 4711)]
    [InlineData("  TCP    [::]:9000  [::]:0  LISTENING  4712\r\n  UDP    0.0.0.0:9000  *:*  5\r\n", 4712)]
    [InlineData("  TCP    127.0.0.1:9000  127.0.0.1:50000  ESTABLISHED  1\r\n", null)]
    public void FindInOutput_OfLsofAndNetstat_NamesWhoListens(string output, int? expected) => Assert.Equal(expected, PortOwner.FindInOutput(output, ":9000"));
}

using System.Globalization;
using System.Net.WebSockets;
using System.Text;

namespace Integration.Tests.Prometheus;

/// <summary>
/// Viewers, without whom the frame loop has nothing to do: each asks for every series by a selector of its own, so that each has a stream of its
/// own, and comes back when it was cut or its aggregator was killed, as the page does. They read and never acknowledge.
/// </summary>
internal sealed class Watchers : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly Uri _address;
    private readonly CancellationTokenSource _end = new();
    private readonly List<Task> _running = [];

    private Watchers(Uri web) => _address = new UriBuilder(web) { Scheme = web.Scheme == Uri.UriSchemeHttps ? "wss" : "ws", Path = "/ws" }.Uri;

    public static Watchers Start(Uri web, int count = 1)
    {
        var watchers = new Watchers(web);
        watchers._running.AddRange(Enumerable.Range(0, count).Select(number => watchers.WatchAsync(number)));
        return watchers;
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Task.WhenAll(_running);
        _end.Dispose();
    }

    private async Task WatchAsync(int number)
    {
        byte[] subscribe = Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $$"""{"type":"subscribe","id":1,"selector":"{service=~\".+\",watcher!=\"{{number}}\"}","rate":60}"""));
        byte[] buffer = new byte[1 << 16];
        while (!_end.IsCancellationRequested)
        {
            using var socket = new ClientWebSocket();
            socket.Options.AddSubProtocol("telemetry.v1.binary");
            socket.Options.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == TroubledAggregator.Subject;
            try
            {
                await socket.ConnectAsync(_address, _end.Token);
                await socket.SendAsync(subscribe, WebSocketMessageType.Text, true, _end.Token);
                while (socket.State == WebSocketState.Open)
                {
                    await socket.ReceiveAsync(buffer.AsMemory(), _end.Token);
                }
            }
            catch (WebSocketException)
            {
                // Killed, or cut: it is there again in a moment.
                await Task.Delay(Pause, CancellationToken.None);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}

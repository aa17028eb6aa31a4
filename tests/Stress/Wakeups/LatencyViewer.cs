using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Observability.Stress.Wakeups;

/// <summary>Views one series over the JSON fallback, whose samples carry the time at which they were recorded: from record to message, and how many messages.</summary>
internal sealed class LatencyViewer(Uri web, string selector)
{
    private const int BufferBytes = 1024 * 1024;

    private readonly List<double> _latenciesMs = [];
    private int _messages;

    /// <summary>Messages with samples since <see cref="Clear"/>.</summary>
    public int Messages
    {
        get
        {
            lock (_latenciesMs)
            {
                return _messages;
            }
        }
    }

    public double LatencyMs(double share)
    {
        lock (_latenciesMs)
        {
            double[] sorted = [.. _latenciesMs.Order()];
            return sorted.Length == 0 ? double.NaN : sorted[(int)(share * (sorted.Length - 1))];
        }
    }

    public void Clear()
    {
        lock (_latenciesMs)
        {
            _latenciesMs.Clear();
            _messages = 0;
        }
    }

    /// <summary>Until it is cancelled; then it disconnects without a word, as browsers do.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var socket = new ClientWebSocket();
        try
        {
            await socket.ConnectAsync(new UriBuilder(web) { Scheme = "ws", Path = "/ws" }.Uri, cancellationToken);
            string subscribe = JsonSerializer.Serialize(new { type = "subscribe", id = 1, selector, rate = 60 });
            await socket.SendAsync(Encoding.UTF8.GetBytes(subscribe), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
            byte[] buffer = new byte[BufferBytes];
            while (true)
            {
                int count = 0;
                ValueWebSocketReceiveResult result;
                do
                {
                    result = await socket.ReceiveAsync(buffer.AsMemory(count), cancellationToken);
                    count += result.Count;
                }
                while (!result.EndOfMessage);
                Note(buffer.AsMemory(0, count));
            }
        }
        catch (Exception left) when (cancellationToken.IsCancellationRequested && left is OperationCanceledException or WebSocketException)
        {
        }
    }

    private void Note(ReadOnlyMemory<byte> message)
    {
        long nowNs = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100;
        using JsonDocument document = JsonDocument.Parse(message);
        if (document.RootElement.GetProperty("type").GetString() != "samples")
        {
            return;
        }
        lock (_latenciesMs)
        {
            _messages++;
            foreach (JsonElement sample in document.RootElement.GetProperty("samples").EnumerateArray())
            {
                _latenciesMs.Add((nowNs - long.Parse(sample.GetProperty("timestamp_ns").GetString()!, CultureInfo.InvariantCulture)) / 1e6);
            }
        }
    }
}

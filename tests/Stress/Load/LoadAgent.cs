using Google.Protobuf;
using Observability.Protocol.V1;

namespace Observability.Stress.Load;

/// <summary>One agent of the load: its connection, its session, and the messages it sends in turn.</summary>
internal sealed class LoadAgent : IDisposable
{
    private readonly LoadConnection _connection;
    private readonly MessageTemplate[] _messages;
    private ulong _sequence;
    private long _sentAtNs;

    public LoadAgent(Uri server, LoadShape shape, int number)
    {
        ulong session = (ulong)Random.Shared.NextInt64(1, long.MaxValue);
        _connection = new LoadConnection(server);
        _messages = [.. Enumerable.Range(0, shape.Variants).Select(variant => new MessageTemplate(session, shape.Steps, shape.Samples, message => shape.Write(message, variant)))];
        _sentAtNs = NowNs;
        TelemetryBatch hello = new() { Service = "checkout", Instance = $"web-{number}" };
        MessageTemplate declare = new(session, 1, 0, message => shape.Declare?.Invoke(message));
        // The first batch names its source, and declares.
        byte[] first = [.. hello.ToByteArray(), .. declare.Prepare(++_sequence, _sentAtNs, _sentAtNs).Span];
        if (!_connection.TryWrite(first))
        {
            throw new InvalidOperationException($"Cannot send the first message of {first.Length} bytes: it is longer than a new stream's window.");
        }
        _connection.Pump();
    }

    public static long NowNs => (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100;

    public long Samples { get; private set; }

    public long Messages { get; private set; }

    public long Acks => _connection.Acks;

    public long BytesSent => _connection.BytesSent;

    /// <summary>Queues one message. False: the server or the socket has no room for it now.</summary>
    public bool TrySend()
    {
        MessageTemplate message = _messages[(int)(Messages % _messages.Length)];
        long nowNs = NowNs;
        if (!_connection.TryWrite(message.Prepare(_sequence + 1, _sentAtNs, nowNs).Span))
        {
            return false;
        }
        _sequence++;
        _sentAtNs = nowNs;
        Samples += message.Samples;
        Messages++;
        return true;
    }

    public void Pump() => _connection.Pump();

    public void Dispose() => _connection.Dispose();
}

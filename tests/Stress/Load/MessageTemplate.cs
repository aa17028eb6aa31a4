using System.Buffers.Binary;
using System.Text;

namespace Observability.Stress.Load;

/// <summary>
/// A TelemetryBatch whose times and sequence are written anew for every sending: numbers there have a fixed width, as protobuf allows.
/// Times of one series advance evenly from the former sending to this one.
/// </summary>
internal sealed class MessageTemplate
{
    private readonly List<byte> _bytes = [];
    private readonly List<(int At, int Step, bool IsVarint)> _times = [];
    private readonly byte[] _message;
    private readonly int _sequenceAt;
    private readonly int _sentAt;
    private readonly int _steps;

    /// <param name="session">Session of the agent; its messages are numbered.</param>
    /// <param name="steps">Instants in one message.</param>
    /// <param name="samples">Samples in one message.</param>
    /// <param name="write">Adds the metrics and ticks.</param>
    public MessageTemplate(ulong session, int steps, int samples, Action<MessageTemplate> write)
    {
        _steps = steps;
        Samples = samples;
        _bytes.Add(0x20);
        _sequenceAt = _bytes.Count;
        _bytes.AddRange(stackalloc byte[5]);
        Fixed(0x29, session);
        Fixed(0x31, 0);
        _sentAt = _bytes.Count - sizeof(ulong);
        _bytes.AddRange([0x40, 20]);
        write(this);
        _message = [.. _bytes];
    }

    public int Samples { get; }

    public ReadOnlyMemory<byte> Prepare(ulong sequence, long fromNs, long toNs)
    {
        for (int i = 0; i < 5; i++)
        {
            _message[_sequenceAt + i] = (byte)(((sequence >> (7 * i)) & 0x7F) | (i < 4 ? 0x80u : 0));
        }
        BinaryPrimitives.WriteInt64LittleEndian(_message.AsSpan(_sentAt), toNs);
        foreach ((int at, int step, bool isVarint) in _times)
        {
            ulong timeNs = (ulong)(fromNs + ((toNs - fromNs) * (step + 1) / _steps));
            if (isVarint)
            {
                for (int i = 0; i < 9; i++)
                {
                    _message[at + i] = (byte)(((timeNs >> (7 * i)) & 0x7F) | (i < 8 ? 0x80u : 0));
                }
            }
            else
            {
                BinaryPrimitives.WriteUInt64LittleEndian(_message.AsSpan(at), timeNs);
            }
        }
        return _message;
    }

    public void Text(byte tag, string text) => Body(tag, () => _bytes.AddRange(Encoding.UTF8.GetBytes(text)));

    public void Number(byte tag, ulong value)
    {
        _bytes.Add(tag);
        Varint(_bytes, value);
    }

    public void Fixed(byte tag, ulong value)
    {
        _bytes.Add(tag);
        Raw(value);
    }

    public void Raw(ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        _bytes.AddRange(bytes);
    }

    public void RawTime(int step)
    {
        _times.Add((_bytes.Count, step, false));
        Raw(0);
    }

    public void FixedTime(byte tag, int step)
    {
        _bytes.Add(tag);
        RawTime(step);
    }

    public void VarintTime(byte tag, int step)
    {
        _bytes.Add(tag);
        _times.Add((_bytes.Count, step, true));
        _bytes.AddRange(stackalloc byte[9]);
    }

    /// <summary>A field with a body; the places of times in it move with the length that comes before.</summary>
    public void Body(byte tag, Action write)
    {
        _bytes.Add(tag);
        int start = _bytes.Count;
        int timesBefore = _times.Count;
        write();
        List<byte> length = [];
        Varint(length, (ulong)(_bytes.Count - start));
        _bytes.InsertRange(start, length);
        for (int i = timesBefore; i < _times.Count; i++)
        {
            _times[i] = _times[i] with { At = _times[i].At + length.Count };
        }
    }

    private static void Varint(List<byte> to, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            to.Add((byte)(value | 0x80));
        }
        to.Add((byte)value);
    }
}

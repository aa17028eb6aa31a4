using System.Buffers;
using System.Net.WebSockets;
using System.Text.Unicode;

namespace Observability.Aggregator.Streaming.WebSockets;

/// <summary>
/// Reads what one client sends, message by message: fragments are put together, compressed messages inflated, and what breaks the protocol or
/// a limit is refused with the status to close with. One thread at a time.
/// </summary>
internal sealed class WebSocketReader(Func<Memory<byte>, CancellationToken, ValueTask<int>> readAsync, int messageBytesMax, bool allowsCompression)
{
    private const int BufferBytesMin = 512;

    private readonly ArrayBufferWriter<byte> _fragments = new();
    private byte[] _buffer = new byte[BufferBytesMin];
    private int _start;
    private int _end;
    private long _skipBytes;
    private Opcode? _open;
    private bool _isOpenCompressed;

    public async ValueTask<WebSocketMessage> ReceiveAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryTake(out WebSocketMessage message))
            {
                return message;
            }
            MakeRoom();
            int read = await readAsync(_buffer.AsMemory(_end), cancellationToken);
            if (read == 0)
            {
                return WebSocketMessage.End;
            }
            _end += read;
        }
    }

    private bool TryTake(out WebSocketMessage message)
    {
        message = default;
        while (TrySkip())
        {
            if (!ClientFrameHeader.TryRead(_buffer.AsSpan(_start, _end - _start), allowsCompression, out ClientFrameHeader header, out string? error))
            {
                return error is not null && Refuse(WebSocketCloseStatus.ProtocolError, error, long.MaxValue, out message);
            }
            if (TryRefuse(header, out message))
            {
                return true;
            }
            if (_end - _start < header.Size + header.PayloadBytes)
            {
                Reserve(header.Size + (int)header.PayloadBytes);
                return false;
            }
            Memory<byte> payload = _buffer.AsMemory(_start + header.Size, (int)header.PayloadBytes);
            header.Unmask(payload.Span);
            _start += header.Size + payload.Length;
            if (TryFinish(header, payload, out message))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>What follows a refusal is not looked at: <paramref name="skipBytes"/> of it, or (where nothing can be told apart any more) all.</summary>
    private bool Refuse(WebSocketCloseStatus status, string reason, long skipBytes, out WebSocketMessage message)
    {
        message = WebSocketMessage.Refused(status, reason);
        _skipBytes = skipBytes;
        _open = null;
        return true;
    }

    private bool TryRefuse(in ClientFrameHeader header, out WebSocketMessage message)
    {
        message = default;
        if (header.IsControl)
        {
            return false;
        }
        if (header.Opcode == Opcode.Continuation == _open is null)
        {
            return Refuse(
                WebSocketCloseStatus.ProtocolError,
                _open is null ? "A continuation has nothing to continue." : "A message began before the one before it ended.", long.MaxValue, out message);
        }
        if (header.PayloadBytes > messageBytesMax - _fragments.WrittenCount)
        {
            _start += header.Size;
            return Refuse(WebSocketCloseStatus.MessageTooBig, $"A message may have {messageBytesMax} bytes.", header.PayloadBytes, out message);
        }
        return false;
    }

    private bool TryFinish(in ClientFrameHeader header, ReadOnlyMemory<byte> payload, out WebSocketMessage message)
    {
        message = WebSocketMessage.Of(header.Opcode, payload);
        if (header.IsControl)
        {
            return true;
        }
        if (_open is null)
        {
            _fragments.ResetWrittenCount();
            _isOpenCompressed = header.IsCompressed;
        }
        Opcode opcode = _open ?? header.Opcode;
        if (header.IsFinal && _open is null)
        {
            return Complete(opcode, payload, out message);
        }
        _fragments.Write(payload.Span);
        _open = header.IsFinal ? null : opcode;
        return header.IsFinal && Complete(opcode, _fragments.WrittenMemory, out message);
    }

    private bool Complete(Opcode opcode, ReadOnlyMemory<byte> payload, out WebSocketMessage message)
    {
        _fragments.ResetWrittenCount();
        if (_isOpenCompressed && !PerMessageDeflate.TryInflate(payload, messageBytesMax, out payload, out bool isTooBig))
        {
            return isTooBig
                ? Refuse(WebSocketCloseStatus.MessageTooBig, $"A message may have {messageBytesMax} bytes.", 0, out message)
                : Refuse(WebSocketCloseStatus.InvalidPayloadData, "A compressed message cannot be inflated.", 0, out message);
        }
        if (opcode == Opcode.Text && !Utf8.IsValid(payload.Span))
        {
            return Refuse(WebSocketCloseStatus.InvalidPayloadData, "A text is not UTF-8.", 0, out message);
        }
        message = WebSocketMessage.Of(opcode, payload);
        return true;
    }

    /// <summary>False while bytes to skip are still to come.</summary>
    private bool TrySkip()
    {
        int skipped = (int)long.Min(_skipBytes, _end - _start);
        _start += skipped;
        _skipBytes -= skipped;
        return _skipBytes == 0;
    }

    private void MakeRoom()
    {
        if (_start == _end)
        {
            _start = _end = 0;
        }
        else if (_end == _buffer.Length)
        {
            Reserve(_end - _start + 1);
        }
    }

    /// <summary>So that a frame of this size fits, from the buffer's beginning.</summary>
    private void Reserve(int bytes)
    {
        if (_start + bytes <= _buffer.Length)
        {
            return;
        }
        byte[] larger = bytes <= _buffer.Length ? _buffer : new byte[int.Max(bytes, 2 * _buffer.Length)];
        _buffer.AsSpan(_start, _end - _start).CopyTo(larger);
        _buffer = larger;
        _end -= _start;
        _start = 0;
    }
}

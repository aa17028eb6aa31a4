using System.Runtime.InteropServices;

namespace Observability.Aggregator.Ingest;

internal sealed partial class BatchDecoder
{
    private int _sideAt;

    /// <summary>
    /// A message field that may stand once, but legally comes in several pieces, which then merge. Protobuf makes that simple: the
    /// pieces one after another are the encoding of the merged message.
    /// </summary>
    private struct Piece
    {
        public int At;
        public int Length;
        public int Count;
    }

    private bool TryScanPiece(ref WireReader reader, string field, ref Piece piece)
    {
        if (!reader.TryReadLength(out int length))
        {
            return Fault.At(field, reader.Fault);
        }
        piece.Count++;
        (piece.At, piece.Length) = (reader.At, length);
        reader.Take(length);
        return true;
    }

    /// <summary>All of a field as one body: where it lies, or put together behind the message. <paramref name="outer"/> stands before the first piece.</summary>
    private bool TryTakeWhole(WireReader outer, uint tag, in Piece piece, out WireReader whole)
    {
        if (piece.Count == 1)
        {
            whole = new WireReader(Message, piece.At, piece.At + piece.Length);
            return true;
        }
        whole = default;
        if (!_stitch.HasRoom)
        {
            return Fault.AskForRoom();
        }
        return TryPutTogether(outer, tag, out whole);
    }

    private bool TryPutTogether(WireReader outer, uint tag, out WireReader whole)
    {
        whole = default;
        int start = _sideAt;
        Span<byte> target = MemoryMarshal.AsMemory(_message).Span;
        while (!outer.AtEnd)
        {
            if (!outer.TryReadTag(out uint next))
            {
                return Fault.At("", outer.Fault);
            }
            if (next != tag)
            {
                if (!outer.TrySkip(next))
                {
                    return Fault.At("", outer.Fault);
                }
                continue;
            }
            if (!outer.TryReadLength(out int length))
            {
                return Fault.At("", outer.Fault);
            }
            WireReader body = outer.Take(length);
            if (!EndsWithAField(body))
            {
                return Fault.At("", "is cut off by the message's end");
            }
            Message[body.At..body.End].CopyTo(target[_sideAt..]);
            _sideAt += length;
        }
        whole = new WireReader(Message, start, _sideAt);
        return true;
    }

    /// <summary>A piece cut off in the middle of a field must not be completed by the next piece.</summary>
    private static bool EndsWithAField(WireReader body)
    {
        while (!body.AtEnd)
        {
            if (!body.TryReadTag(out uint tag) || !body.TrySkip(tag))
            {
                return false;
            }
        }
        return true;
    }
}

using System.Runtime.InteropServices;

namespace Observability.Agent.Recording;

/// <summary>Cursors of a lane: Tail and HeadSeen are the owner's, Head is the reader's, on cache lines of their own.</summary>
[StructLayout(LayoutKind.Explicit, Size = 384)]
internal struct LaneCursors
{
    [FieldOffset(128)]
    public long Tail;

    [FieldOffset(136)]
    public long HeadSeen;

    [FieldOffset(256)]
    public long Head;
}

using System.Runtime.InteropServices;
using Observability.Agent.Recording;

namespace Observability.Agent.Tests.Recording;

public sealed class GaugeLaneTests
{
    [Fact]
    public void TryWrite_AtCapacity_RefusesTheNextAndTakesAgainAfterFree()
    {
        var lane = new GaugeLane(ownerThreadId: 1, capacityMin: 4);
        for (int i = 0; i < 4; i++)
        {
            Assert.True(lane.TryWrite(1, i, i));
        }
        Assert.False(lane.TryWrite(1, 4, 4));
        lane.Free(1);
        Assert.True(lane.TryWrite(1, 5, 5));
        Assert.False(lane.TryWrite(1, 6, 6));
        Assert.Equal(5, lane.WrittenCount);
    }

    [Fact]
    public void Peek_AcrossTheEndOfTheArray_GivesBothPiecesInOrder()
    {
        var lane = new GaugeLane(ownerThreadId: 1, capacityMin: 4);
        for (int i = 0; i < 3; i++)
        {
            lane.TryWrite(1, i, i);
        }
        lane.Free(3);
        for (int i = 3; i < 6; i++)
        {
            lane.TryWrite(2, i, i * 2);
        }
        lane.Peek(out ReadOnlySpan<GaugeSample> first, out ReadOnlySpan<GaugeSample> second);
        Assert.Equal([new(2, 3, 6), new(2, 4, 8), new(2, 5, 10)], [.. first, .. second]);
        lane.Free(3);
        lane.Peek(out first, out second);
        Assert.Equal(0, first.Length + second.Length);
    }

    [Fact]
    public void Cursors_OfOwnerAndReader_AreFarApart()
    {
        Assert.Equal(384, Marshal.SizeOf<LaneCursors>());
        Assert.InRange(
            Marshal.OffsetOf<LaneCursors>(nameof(LaneCursors.Head)) - Marshal.OffsetOf<LaneCursors>(nameof(LaneCursors.HeadSeen)), 100, 256);
    }
}

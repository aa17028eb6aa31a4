using System.Buffers;

namespace Observability.Aggregator.Tests.Ingest;

/// <summary>Bytes as a pipe hands them over: split into segments.</summary>
internal sealed class Segments : ReadOnlySequenceSegment<byte>
{
    private Segments(ReadOnlyMemory<byte> memory, long runningIndex)
    {
        Memory = memory;
        RunningIndex = runningIndex;
    }

    /// <summary>Split before each of the positions, which rise.</summary>
    public static ReadOnlySequence<byte> Split(ReadOnlyMemory<byte> bytes, params IEnumerable<int> positions)
    {
        Segments? first = null;
        Segments? last = null;
        int from = 0;
        foreach (int to in positions.Append(bytes.Length))
        {
            Segments next = new(bytes[from..to], from);
            if (last is not null)
            {
                last.Next = next;
            }
            first ??= next;
            last = next;
            from = to;
        }
        return new ReadOnlySequence<byte>(first!, 0, last!, last!.Memory.Length);
    }

    public static ReadOnlySequence<byte> Split(byte[] bytes, Random random, int pieces) =>
        Split(bytes, Enumerable.Range(0, pieces - 1).Select(_ => random.Next(bytes.Length + 1)).Order());
}

using System.Globalization;

namespace Observability.Aggregator.Query;

/// <summary>[Data plane] The beginnings of a question's steps as JSON text, which all its series tell: made once for all of them. One thread.</summary>
internal sealed class StepTimes
{
    /// <summary>Two quotes and a whole number of 64 bits, in whole words.</summary>
    private const int SlotBytes = 24;

    private byte[] _text = [];
    private byte[] _lengths = [];

    public void Begin(long fromNs, long stepNs, int count)
    {
        if (_lengths.Length < count)
        {
            _text = new byte[count * SlotBytes];
            _lengths = new byte[count];
        }
        for (int step = 0; step < count; step++)
        {
            Span<byte> slot = _text.AsSpan(step * SlotBytes, SlotBytes);
            slot[0] = (byte)'"';
            (fromNs + (step * stepNs)).TryFormat(slot[1..], out int length, default, CultureInfo.InvariantCulture);
            slot[length + 1] = (byte)'"';
            _lengths[step] = (byte)(length + 2);
        }
    }

    public Text this[int step] => new(_text.AsSpan(step * SlotBytes, SlotBytes), _lengths[step]);

    /// <param name="bytes">The text and what lies behind it: always as many, which copies quicker.</param>
    /// <param name="length">How many of them are the text.</param>
    public readonly ref struct Text(ReadOnlySpan<byte> bytes, int length)
    {
        public ReadOnlySpan<byte> Bytes { get; } = bytes;

        public int Length { get; } = length;
    }
}

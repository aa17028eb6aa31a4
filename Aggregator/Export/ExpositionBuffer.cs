using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Observability.Aggregator.Export;

/// <summary>The bytes of one scrape. It grows to the largest scrape and is kept, so that writing allocates nothing. One thread at a time.</summary>
internal sealed class ExpositionBuffer
{
    private const int BytesMin = 64 * 1024;

    // The longest double in its shortest form has 24 characters, the longest unsigned number 20.
    private const int NumberBytesMax = 32;

    private byte[] _bytes = new byte[BytesMin];

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, Length);

    public void Clear() => Length = 0;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Free(bytes.Length));
        Length += bytes.Length;
    }

    public void Append(byte one)
    {
        Free(1)[0] = one;
        Length++;
    }

    public void AppendText(ReadOnlySpan<char> text) => Length += Encoding.UTF8.GetBytes(text, Free(Encoding.UTF8.GetMaxByteCount(text.Length)));

    public void AppendNumber(ulong value)
    {
        Utf8Formatter.TryFormat(value, Free(NumberBytesMax), out int written);
        Length += written;
    }

    public void AppendNumber(double value)
    {
        if (double.IsFinite(value))
        {
            value.TryFormat(Free(NumberBytesMax), out int written, default, CultureInfo.InvariantCulture);
            Length += written;
        }
        else
        {
            Append(double.IsNaN(value) ? "NaN"u8 : value > 0 ? "+Inf"u8 : "-Inf"u8);
        }
    }

    private Span<byte> Free(int count)
    {
        if (_bytes.Length - Length < count)
        {
            Array.Resize(ref _bytes, int.Max(Length + count, _bytes.Length * 2));
        }
        return _bytes.AsSpan(Length);
    }
}

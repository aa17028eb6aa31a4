using System.Globalization;
using System.Runtime.CompilerServices;

namespace Observability.Aggregator.Query;

/// <summary>
/// [Data plane] A JSON array of numbers or of times as text, in memory that is used again. Decimal numbers of few digits, which most gauges are, are written from
/// their whole number, with the very text that <see cref="double.ToString()"/> has for them. One thread; an array that is larger than
/// the last ones is all that it allocates for.
/// <para>
/// Kept for what it saves: an answer of 100 series x 1,000 steps took 9.7 ms, and 18.4 ms with <see cref="double.TryFormat(Span{byte}, out int, ReadOnlySpan{char}, IFormatProvider?)"/>
/// for every number (<c>Benchmarks query</c>, last row, medians of three alternating rounds).
/// </para>
/// </summary>
internal sealed class JsonArrayText
{
    /// <summary>More than the longest element takes: a double has at most 24 characters, a whole number 20; quotes and a comma.</summary>
    private const int ElementBytesMax = 40;

    private const int BytesFirst = 16 * 1024;
    private const int BytesKept = 1024 * 1024;

    /// <summary>Any two decimal numbers of so few digits are different doubles: the one that gives back the bits is the shortest.</summary>
    private const double WholeMax = 1e15;

    /// <summary>Below it, text has an exponent.</summary>
    private const double PlainMin = 1e-4;

    private const ulong ExactIntegerMax = 1UL << 53;
    private const int DigitsMax = 9;
    private const int ValuesWithoutLooking = 16;

    private static readonly double[] Powers = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

    private byte[] _bytes = new byte[BytesFirst];
    private int _at;
    private int _digits;
    private int _withoutLooking;

    public void Begin()
    {
        if (_bytes.Length > BytesKept)
        {
            _bytes = new byte[BytesFirst];
        }
        _bytes[0] = (byte)'[';
        _at = 1;
    }

    /// <summary>The whole array; valid until the next one begins.</summary>
    public ReadOnlySpan<byte> End()
    {
        _at -= _at > 1 ? 1 : 0;    // The last comma.
        _bytes[_at++] = (byte)']';
        return _bytes.AsSpan(0, _at);
    }

    /// <summary>A number, or as text what JSON has no number for.</summary>
    public void Add(double value)
    {
        Span<byte> room = Room();
        if (!TryWriteDecimal(value, room, out int length))
        {
            length = WriteAny(value, room);
        }
        Advance(room, length);
    }

    /// <summary>A number, or text when readers that know doubles only would round it.</summary>
    public void Add(ulong count)
    {
        if (count > ExactIntegerMax)
        {
            AddQuoted(count);
            return;
        }
        Span<byte> room = Room();
        count.TryFormat(room, out int length, default, CultureInfo.InvariantCulture);
        Advance(room, length);
    }

    /// <summary>A time is text: it has more digits than a double.</summary>
    public void AddTime(long ns) => AddQuoted(ns);

    /// <summary>What <see cref="StepTimes"/> has made already.</summary>
    public void Add(in StepTimes.Text time)
    {
        Span<byte> room = Room();
        time.Bytes.CopyTo(room);
        Advance(room, time.Length);
    }

    private void AddQuoted<T>(T number)
        where T : struct, IUtf8SpanFormattable
    {
        Span<byte> room = Room();
        room[0] = (byte)'"';
        number.TryFormat(room[1..], out int length, default, CultureInfo.InvariantCulture);
        room[length + 1] = (byte)'"';
        Advance(room, length + 2);
    }

    private static int WriteAny(double value, Span<byte> to)
    {
        if (double.IsFinite(value))
        {
            value.TryFormat(to, out int length, default, CultureInfo.InvariantCulture);
            return length;
        }
        ReadOnlySpan<byte> text = double.IsNaN(value) ? "\"NaN\""u8 : value > 0 ? "\"+Inf\""u8 : "\"-Inf\""u8;
        text.CopyTo(to);
        return text.Length;
    }

    private bool TryWriteDecimal(double value, Span<byte> to, out int length)
    {
        length = 0;
        int digits = _digits;
        double scaled = Math.Round(value * Powers[digits]);
        if (scaled / Powers[digits] != value && !TryFindDigits(value, out digits, out scaled))
        {
            return false;
        }
        double magnitude = Math.Abs(value);
        if (!(Math.Abs(scaled) < WholeMax) || (magnitude < PlainMin && BitConverter.DoubleToInt64Bits(value) != 0))
        {
            return false;
        }
        ulong whole = (ulong)Math.Abs(scaled);
        while (digits > 0 && whole % 10 == 0)
        {
            whole /= 10;
            digits--;
        }
        length = WriteWhole(whole, digits, value < 0, to);
        return true;
    }

    /// <summary>How many digits behind the point the value has. Where one had too many, the next ones are not asked: they mostly have, too.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryFindDigits(double value, out int digits, out double scaled)
    {
        (digits, scaled) = (0, 0);
        if (_withoutLooking > 0)
        {
            _withoutLooking--;
            return false;
        }
        for (; digits <= DigitsMax; digits++)
        {
            scaled = Math.Round(value * Powers[digits]);
            if (scaled / Powers[digits] == value)
            {
                _digits = digits;
                return true;
            }
        }
        _withoutLooking = ValuesWithoutLooking;
        return false;
    }

    /// <summary>From the last digit to the first.</summary>
    private static int WriteWhole(ulong whole, int digits, bool isNegative, Span<byte> to)
    {
        int length = Math.Max(DigitCount(whole), digits + 1) + (digits > 0 ? 1 : 0) + (isNegative ? 1 : 0);
        int at = length;
        for (int behind = 0; behind < digits; behind++, whole /= 10)
        {
            to[--at] = (byte)('0' + (whole % 10));
        }
        if (digits > 0)
        {
            to[--at] = (byte)'.';
        }
        do
        {
            to[--at] = (byte)('0' + (whole % 10));
            whole /= 10;
        }
        while (whole > 0);
        if (isNegative)
        {
            to[0] = (byte)'-';
        }
        return length;
    }

    private static int DigitCount(ulong whole)
    {
        int count = 1;
        for (ulong next = 10; whole >= next; next *= 10)
        {
            count++;
        }
        return count;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Advance(Span<byte> room, int length)
    {
        room[length] = (byte)',';
        _at += length + 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Span<byte> Room()
    {
        if (_bytes.Length - _at < ElementBytesMax)
        {
            Grow();
        }
        return _bytes.AsSpan(_at, ElementBytesMax);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow() => Array.Resize(ref _bytes, _bytes.Length * 2);
}

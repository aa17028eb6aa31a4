using System.Globalization;
using System.Text;

namespace Observability.Aggregator.Selectors;

/// <summary>
/// Strings as PromQL writes them: in double or single quotes with Go's escapes, or raw in backticks. Escapes below 0x100 (\x41, \101) are
/// bytes of UTF-8, as in Go.
/// </summary>
internal static class QuotedText
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary><paramref name="end"/> is behind the closing quote, or where the text is wrong.</summary>
    public static bool TryRead(ReadOnlySpan<char> text, int start, out string value, out int end, out string error)
    {
        char quote = text[start];
        value = "";
        error = "";
        end = start + 1;
        using MemoryStream bytes = new();
        while (end < text.Length)
        {
            char c = text[end];
            if (c == quote)
            {
                return TryFinish(bytes, start, out value, ref end, out error);
            }
            if (c == '\n' && quote != '`')
            {
                error = "expected the closing quote before the line's end";
                return false;
            }
            if (c == '\\' && quote != '`')
            {
                if (!TryEscape(text, quote, bytes, ref end, out error))
                {
                    return false;
                }
                continue;
            }
            if (Rune.DecodeFromUtf16(text[end..], out Rune rune, out int used) != System.Buffers.OperationStatus.Done)
            {
                error = "expected a character, found half of a surrogate pair";
                return false;
            }
            Write(bytes, rune);
            end += used;
        }
        error = $"expected the closing {quote} of the text that begins at character {start + 1}, found the end";
        return false;
    }

    private static bool TryFinish(MemoryStream bytes, int start, out string value, ref int end, out string error)
    {
        try
        {
            value = Utf8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
            error = "";
            end++;
            return true;
        }
        catch (DecoderFallbackException)
        {
            value = "";
            error = "expected a text whose escaped bytes are UTF-8";
            end = start;
            return false;
        }
    }

    private static bool TryEscape(ReadOnlySpan<char> text, char quote, MemoryStream bytes, ref int at, out string error)
    {
        error = "";
        char kind = at + 1 < text.Length ? text[at + 1] : '\0';
        int simple = kind switch
        {
            'a' => 7, 'b' => 8, 'f' => 12, 'n' => 10, 'r' => 13, 't' => 9, 'v' => 11, '\\' => '\\',
            _ => kind == quote ? quote : -1,
        };
        if (simple >= 0)
        {
            bytes.WriteByte((byte)simple);
            at += 2;
            return true;
        }
        return kind switch
        {
            'x' => TryNumber(text, 2, 2, 16, bytes, ref at, out error),
            'u' => TryNumber(text, 2, 4, 16, bytes, ref at, out error),
            'U' => TryNumber(text, 2, 8, 16, bytes, ref at, out error),
            >= '0' and <= '7' => TryNumber(text, 1, 3, 8, bytes, ref at, out error),
            _ => Fail("expected a known escape after '\\' (one of a b f n r t v \\ x u U, three octal digits, or the quote)", out error),
        };
    }

    private static bool TryNumber(ReadOnlySpan<char> text, int skip, int digits, int radix, MemoryStream bytes, ref int at, out string error)
    {
        uint number = 0;
        for (int i = at + skip; i < at + skip + digits; i++)
        {
            char digit = i < text.Length ? text[i] : '\0';
            bool valid = radix == 16 ? char.IsAsciiHexDigit(digit) : digit is >= '0' and <= '7';
            if (!valid)
            {
                return Fail($"expected {digits} {(radix == 16 ? "hexadecimal" : "octal")} digits in the escape", out error);
            }
            number = (number * (uint)radix) + uint.Parse([digit], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        }
        if (digits <= 3)
        {
            if (number > 0xFF)
            {
                return Fail("expected an octal escape of at most \\377", out error);
            }
            bytes.WriteByte((byte)number);
        }
        else if (Rune.TryCreate(number, out Rune rune))
        {
            Write(bytes, rune);
        }
        else
        {
            return Fail("expected a Unicode character in the escape", out error);
        }
        at += skip + digits;
        error = "";
        return true;
    }

    private static void Write(MemoryStream bytes, Rune rune)
    {
        Span<byte> utf8 = stackalloc byte[4];
        bytes.Write(utf8[..rune.EncodeToUtf8(utf8)]);
    }

    private static bool Fail(string what, out string error)
    {
        error = what;
        return false;
    }
}

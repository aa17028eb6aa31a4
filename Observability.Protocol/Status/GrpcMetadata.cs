using System.Collections;

namespace Observability.Protocol;

/// <summary>Headers of one call's own. A name that ends in -bin has a binary value, sent as base64.</summary>
public sealed class GrpcMetadata : IEnumerable<KeyValuePair<string, string>>
{
    public const string BinarySuffix = "-bin";

    private readonly List<KeyValuePair<string, string>> _entries = [];

    public int Count => _entries.Count;

    public void Add(string name, string value)
    {
        CheckName(name);
        if (IsBinary(name))
        {
            throw new ArgumentException($"Cannot add metadata '{name}': a name that ends in -bin takes bytes.", nameof(name));
        }
        if (value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            throw new ArgumentException(
                $"Cannot add metadata '{name}': its value is not printable ASCII. Add it as bytes under '{name}{BinarySuffix}'.", nameof(value));
        }
        _entries.Add(new(name, value));
    }

    public void Add(string name, ReadOnlySpan<byte> value)
    {
        CheckName(name);
        if (!IsBinary(name))
        {
            throw new ArgumentException($"Cannot add metadata '{name}': the name of a binary value ends in -bin.", nameof(name));
        }
        _entries.Add(new(name, EncodeBinary(value)));
    }

    public static bool IsBinary(string name) => name.EndsWith(BinarySuffix, StringComparison.OrdinalIgnoreCase);

    /// <summary>Base64 without padding, which is what the protocol asks senders for.</summary>
    public static string EncodeBinary(ReadOnlySpan<byte> value) => Convert.ToBase64String(value).TrimEnd('=');

    /// <summary>Base64 with or without padding.</summary>
    public static bool TryDecodeBinary(string text, out byte[] value)
    {
        string padded = text.TrimEnd('=');
        padded = padded.PadRight((padded.Length + 3) / 4 * 4, '=');
        byte[] buffer = new byte[padded.Length / 4 * 3];
        bool valid = Convert.TryFromBase64String(padded, buffer, out int count);
        value = valid ? buffer[..count] : [];
        return valid;
    }

    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => _entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static void CheckName(string name)
    {
        if (name.Length == 0 || name.Any(letter => !char.IsAsciiLetterLower(letter) && !char.IsAsciiDigit(letter) && letter is not ('_' or '-' or '.')))
        {
            throw new ArgumentException($"Cannot add metadata '{name}': a name is made of a-z, 0-9, '_', '-' and '.'.", nameof(name));
        }
        if (name.StartsWith("grpc-", StringComparison.Ordinal))
        {
            throw new ArgumentException($"Cannot add metadata '{name}': names that start with grpc- belong to the protocol.", nameof(name));
        }
    }
}

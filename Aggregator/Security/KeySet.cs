using System.Security.Cryptography;
using System.Text;

namespace Observability.Aggregator.Security;

/// <summary>
/// Keys or tokens that open something. Empty means open to all. A comparison takes the same time whatever is presented: digests of equal
/// length are compared, and always all of them.
/// </summary>
internal sealed class KeySet
{
    /// <summary>A longer text is no key of ours and is not hashed.</summary>
    public const int KeyBytesMax = 1024;

    private readonly byte[][] _digests;

    public KeySet(IEnumerable<string> keys)
    {
        _digests = [.. keys.Select(key => SHA256.HashData(Encoding.UTF8.GetBytes(key)))];
    }

    public bool IsOpen => _digests.Length == 0;

    public bool Allows(string? presented)
    {
        if (IsOpen)
        {
            return true;
        }
        if (string.IsNullOrEmpty(presented) || presented.Length > KeyBytesMax)
        {
            return false;
        }
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(presented), digest);
        bool allowed = false;
        foreach (byte[] known in _digests)
        {
            allowed |= CryptographicOperations.FixedTimeEquals(known, digest);
        }
        return allowed;
    }
}

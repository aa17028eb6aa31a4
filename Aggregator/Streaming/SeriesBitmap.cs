namespace Observability.Aggregator.Streaming;

/// <summary>A set of series ids: which of them a connection was told. One thread.</summary>
internal sealed class SeriesBitmap
{
    private ulong[] _words = [];

    /// <summary>False when it was there already.</summary>
    public bool Add(uint id)
    {
        int word = (int)(id >> 6);
        if (word >= _words.Length)
        {
            Array.Resize(ref _words, int.Max(word + 1, _words.Length * 2));
        }
        ulong bit = 1UL << (int)(id & 63);
        bool added = (_words[word] & bit) == 0;
        _words[word] |= bit;
        return added;
    }
}

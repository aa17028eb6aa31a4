using Observability.Aggregator.Rings;

namespace Observability.Aggregator.Storage;

/// <summary>Where the writer puts the next sample of a slot. The ring is null before the first sample, and where the slot holds histograms.</summary>
internal struct RowPlace
{
    public RowRing? Ring;
    public int Column;

    /// <summary>How long the rows were that began at this slot and did not fit one group, and how often in a row.</summary>
    public int RowLength;
    public int RowRepeats;
}

namespace Observability.Aggregator.History;

/// <summary>How whole numbers are packed: offsets from a base in so many bits; so many do not fit and stand behind.</summary>
internal readonly record struct PackedForm(long Floor, int Width, int Outliers);

namespace Observability.Aggregator.Storage;

/// <summary>
/// What a read brought. <see cref="Overwritten"/>: samples lost to overwriting since the cursor, or before the oldest kept one
/// when the range asked for begins before it. <see cref="Truncated"/>: the destination is full and more is there.
/// </summary>
internal readonly record struct ReadResult(int Count, long Overwritten, bool Truncated);

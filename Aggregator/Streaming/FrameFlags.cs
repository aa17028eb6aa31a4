namespace Observability.Aggregator.Streaming;

[Flags]
internal enum FrameFlags : ushort
{
    None = 0,
    Backfill = 1,
    BackfillEnd = 2,
}

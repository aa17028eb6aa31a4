namespace Observability.Aggregator.Streaming;

/// <summary>
/// What a connection has of one series: live samples of the positions from LivePosition to Next, and of those before it the ones at or after
/// HistoryFromNs.
/// </summary>
internal readonly record struct SeriesMark(long Next, long LivePosition, long HistoryFromNs);

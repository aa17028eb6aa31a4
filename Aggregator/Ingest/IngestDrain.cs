using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// Waits, at shutdown, until every stream has had its last Ack. That the streams end is the gRPC server's doing: it stops reading when the
/// phase becomes Draining.
/// </summary>
internal sealed class IngestDrain(IngestCounters counters, TimeProvider time) : IDrain
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);

    public string Name => "ingestion";

    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        while (counters.StreamsOpen > 0)
        {
            await Task.Delay(Poll, time, cancellationToken);
        }
    }
}

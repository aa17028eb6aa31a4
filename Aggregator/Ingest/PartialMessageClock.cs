using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// The body of a call, watched for a message that stays half. The reader of gRPC keeps what it cannot use yet by examining more than it
/// consumes: from then until it consumes again, a message is partial. Written by the call's reading thread; any thread reads.
/// </summary>
internal sealed class PartialMessageClock(PipeReader body, TimeProvider time) : PipeReader, IRequestBodyPipeFeature
{
    private long _partialSince;

    /// <summary>The timestamp at which the message that is half here began to arrive; 0: none is.</summary>
    public long PartialSince => Volatile.Read(ref _partialSince);

    PipeReader IRequestBodyPipeFeature.Reader => this;

    /// <summary>Before gRPC takes the body.</summary>
    public static void Watch(HttpContext http, TimeProvider time)
    {
        PartialMessageClock clock = new(http.Request.BodyReader, time);
        http.Features.Set<IRequestBodyPipeFeature>(clock);
        http.Features.Set(clock);
    }

    public override void AdvanceTo(SequencePosition consumed)
    {
        Volatile.Write(ref _partialSince, 0);
        body.AdvanceTo(consumed);
    }

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (consumed.Equals(examined))
        {
            Volatile.Write(ref _partialSince, 0);
        }
        else if (_partialSince == 0)
        {
            Volatile.Write(ref _partialSince, time.GetTimestamp());
        }
        body.AdvanceTo(consumed, examined);
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => body.ReadAsync(cancellationToken);

    public override bool TryRead(out ReadResult result) => body.TryRead(out result);

    public override void CancelPendingRead() => body.CancelPendingRead();

    public override void Complete(Exception? exception = null) => body.Complete(exception);
}

using System.Net;
using System.Net.Http.Headers;

namespace Observability.Protocol;

/// <summary>The request body of one call: hands its stream to the call and ends when the call has no more to send.</summary>
internal sealed class GrpcRequestContent : HttpContent
{
    private readonly TaskCompletionSource<Stream?> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public GrpcRequestContent() => Headers.ContentType = new MediaTypeHeaderValue(GrpcHeaders.ContentType);

    /// <summary>The stream to write to, or null when the call ended before there was one.</summary>
    public Task<Stream?> Opened => _opened.Task;

    /// <summary>Half-closes: nothing more is sent.</summary>
    public void Complete() => _completed.TrySetResult();

    /// <summary>The call ended: whoever waits for the stream is let go.</summary>
    public void End()
    {
        _opened.TrySetResult(null);
        _completed.TrySetResult();
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await stream.FlushAsync(cancellationToken);     // the request's headers leave now, not with the first message
        _opened.TrySetResult(stream);
        await _completed.Task.WaitAsync(cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}

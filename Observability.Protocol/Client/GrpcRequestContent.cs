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

    /// <summary>
    /// The call ended. A body that was not complete stays incomplete: its end would tell the server that all messages were sent.
    /// </summary>
    public void End()
    {
        _opened.TrySetResult(null);
        _completed.TrySetCanceled();
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    /// <summary>
    /// Ends only with <see cref="Complete"/> or <see cref="End"/>, not with the token: the platform cancels the body of a stream that the
    /// server has reset, and would then report the cancelled body instead of the reset.
    /// </summary>
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        // The headers leave now, not with the first message. When that fails, the response fails too, and says why.
        await stream.FlushAsync(CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _opened.TrySetResult(stream);
        await _completed.Task;
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}

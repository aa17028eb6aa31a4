using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Observability.Stress.Faults;

/// <summary>
/// Stands between an agent and the aggregator. While it is cut it forwards nothing, in either direction, and says nothing: connections stay open, new ones
/// are taken and stay silent, as behind a network that drops packets.
/// </summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Uri _target;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _tasks = [];
    private volatile TaskCompletionSource _forwarding = Done();

    public TcpProxy(Uri target)
    {
        _target = target;
        _listener.Start();
        _tasks.Add(AcceptAsync());
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public void Cut() => _forwarding = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Restore() => _forwarding.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Restore();
        _listener.Stop();
        await Task.WhenAll(_tasks);
        _stop.Dispose();
    }

    private static TaskCompletionSource Done()
    {
        var done = new TaskCompletionSource();
        done.SetResult();
        return done;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _tasks.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            // The proxy ends.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using TcpClient ours = client;
        using var theirs = new TcpClient { NoDelay = true };
        ours.NoDelay = true;
        try
        {
            await _forwarding.Task.WaitAsync(_stop.Token);
            await theirs.ConnectAsync(_target.Host, _target.Port, _stop.Token);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            await Task.WhenAny(ForwardAsync(ours.GetStream(), theirs.GetStream(), either.Token), ForwardAsync(theirs.GetStream(), ours.GetStream(), either.Token));
            await either.CancelAsync();
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            // The aggregator is not there, or the proxy ends: the client sees its connection closed.
        }
    }

    private async Task ForwardAsync(NetworkStream from, NetworkStream to, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[64 * 1024];
        try
        {
            for (int read = 1; read > 0;)
            {
                read = await from.ReadAsync(buffer, cancellationToken);
                await _forwarding.Task.WaitAsync(cancellationToken);
                await to.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // One side closed: so does the other.
        }
    }
}

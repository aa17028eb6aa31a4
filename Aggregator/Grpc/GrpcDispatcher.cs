using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Options;
using Observability.Protocol;

namespace Observability.Aggregator.Grpc;

/// <summary>Runs one request from its admission to its trailers.</summary>
internal sealed partial class GrpcDispatcher(
    GrpcAdmission admission, GrpcActiveCalls activeCalls, GrpcServerCounters counters, IOptions<GrpcServerOptions> options,
    TimeProvider timeProvider, ILogger<GrpcDispatcher> logger)
{
    public async Task DispatchAsync(HttpContext context)
    {
        if (GrpcAdmission.RefuseHttp(context.Request) is { } httpStatus)
        {
            counters.CountNotGrpc();
            context.Response.StatusCode = httpStatus;
            return;
        }
        context.Response.ContentType = GrpcHeaders.ContentType;
        context.Response.Headers[GrpcHeaders.AcceptEncoding] = GrpcCompression.Accepted;
        GrpcStatus status = new(GrpcStatusCode.Unknown, "");
        long active = counters.Begin();
        try
        {
            var head = new GrpcCallHead();
            status = await admission.RefuseAsync(context, active, head) ?? await ServeAsync(context, head);
        }
        catch (Exception exception)
        {
            status = Fail(context, exception);
        }
        finally
        {
            counters.End(status.Code);
        }
        WriteStatus(context.Response, status);
    }

    private async ValueTask<GrpcStatus> ServeAsync(HttpContext context, GrpcCallHead head)
    {
        LiftBodyLimits(context);
        using var call = new GrpcServerCall(context, head.Mapping!.Path, ReadingOptions(head), DeadlineAfter(head.Timeout));
        using CancellationTokenRegistration gone = context.RequestAborted.UnsafeRegister(
            static call => ((GrpcServerCall)call!).Abort(GrpcServerFailure.ClientGone), call);
        using GrpcDeadline? deadline = head.Timeout is { } timeout
            ? new GrpcDeadline(timeout, timeProvider, () => call.Abort(new(GrpcStatusCode.DeadlineExceeded, $"The call did not end within its deadline of {timeout.TotalSeconds} s.")))
            : null;
        // What is served while draining (health) must still get its request, which may arrive after the headers.
        if (!head.Mapping.Traits.HasFlag(GrpcMethodTraits.WhileDraining))
        {
            activeCalls.Add(call);
        }
        try
        {
            GrpcStatus status = await RunAsync(head.Mapping.Method, call);
            AddTrailers(context.Response, call);
            return status;
        }
        finally
        {
            activeCalls.Remove(call);
        }
    }

    /// <summary>The method's status; when the call was ended from outside (the client, its deadline, an abort), that status instead.</summary>
    private async ValueTask<GrpcStatus> RunAsync(GrpcMethod method, GrpcServerCall call)
    {
        GrpcStatus status;
        try
        {
            status = await method(call);
            if (call.HasUnflushed && call.AbortStatus is null)
            {
                await call.FlushAsync();
            }
        }
        catch (GrpcException exception)
        {
            status = exception.Status;
        }
        catch (Exception exception)
        {
            // A method may let its own waits on Cancelled throw; everything else is a fault of ours.
            bool ended = exception is OperationCanceledException && call.AbortStatus is not null;
            status = ended ? default : Fail(call.Http, exception);
        }
        return call.AbortStatus ?? status;
    }

    /// <summary>A grpc-timeout may reach beyond the calendar.</summary>
    private DateTimeOffset? DeadlineAfter(TimeSpan? timeout)
    {
        DateTimeOffset now = timeProvider.GetUtcNow();
        return timeout < DateTimeOffset.MaxValue - now ? now + timeout : timeout is null ? null : DateTimeOffset.MaxValue;
    }

    private GrpcMessageReaderOptions ReadingOptions(GrpcCallHead head) => new()
    {
        MessageBytesMax = options.Value.MessageBytesMax,
        Encoding = head.Encoding,
        MessageTimeout = options.Value.MessageTimeout,
        TimeProvider = timeProvider,
        MapFailure = GrpcServerFailure.FromRead,
    };

    /// <summary>A stream may live for weeks: neither its size nor its idling ends it. Half-sent messages are timed by the reader.</summary>
    private static void LiftBodyLimits(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }
    }

    private GrpcStatus Fail(HttpContext context, Exception exception)
    {
        counters.CountFailure();
        string method = context.Request.Path.Value ?? "";
        Log.MethodFailed(logger, method, GrpcServerCall.PeerOf(context), exception);
        return new(GrpcStatusCode.Unknown, $"Cannot complete {method}: the server failed. Its log says why.");
    }

    private static void AddTrailers(HttpResponse response, GrpcServerCall call)
    {
        if (!call.HasTrailers)
        {
            return;
        }
        foreach ((string name, string value) in call.Trailers)
        {
            AddTrailer(response, name, value);
        }
    }

    private static void WriteStatus(HttpResponse response, GrpcStatus status)
    {
        AddTrailer(response, GrpcHeaders.Status, status.Code.ToHeader());
        if (!string.IsNullOrEmpty(status.Detail))
        {
            AddTrailer(response, GrpcHeaders.Message, GrpcStatusMessage.Encode(status.Detail));
        }
    }

    /// <summary>A response whose headers have not been sent is made of headers alone: the trailers are in them.</summary>
    private static void AddTrailer(HttpResponse response, string name, string value)
    {
        if (!response.HasStarted)
        {
            response.Headers[name] = value;
        }
        else if (response.SupportsTrailers())
        {
            response.AppendTrailer(name, value);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "{Method} called by {Peer} failed; the call is answered with UNKNOWN.")]
        public static partial void MethodFailed(ILogger logger, string method, string peer, Exception exception);
    }
}

using System.Runtime.ExceptionServices;
using System.Text;
using System.Threading.Tasks.Sources;
using Grpc.Core;
using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// One stream of batches. Its endpoint calls <see cref="ApplyAsync"/> whenever messages are there; everything else happens in the turn of the
/// shard that owns the stream's source, on whatever thread has it. Between turns the endpoint alone reads and resets what the Ack tells.
/// </summary>
internal sealed partial class IngestStream(IngestServices services, IBatchSource source, bool isExchange, KeyUsage? key = null) : IValueTaskSource
{
    private readonly WireFault _firstFault = new();
    private readonly RefTable _refs = new(services.Options.RefsPerStreamMax);
    private ManualResetValueTaskSourceCore<bool> _turn = new() { RunContinuationsAsynchronously = true };
    private ReadOnlyMemory<byte> _first;
    private bool _hasFirst;
    private bool _isClosing;
    private string _service = "";
    private string _instance = "";
    private byte[] _serviceBytes = [];
    private byte[] _instanceBytes = [];
    private IngestShard? _shard;
    private SourceOwner? _owner;
    private ConnectedAgent? _agent;
    private ulong _sessionId;
    private SequenceLedger? _ledger;
    private ExceptionDispatchInfo? _failure;
    private volatile End? _end;    // One reference: a stream that takes over writes it while the endpoint may read.

    private sealed record End(Status Status);

    /// <summary>Next in its shard's queue; the shard's.</summary>
    public IngestStream? NextWaiting { get; set; }

    public string Peer => source.Peer;

    /// <summary>Not null once the stream must end.</summary>
    public Status? Status { get => _end?.Status; private set => _end = value is { } status ? new End(status) : null; }

    /// <summary>The client met a limit that may have room later: ask it to wait.</summary>
    public bool AskToWait { get; private set; }

    /// <summary>What the next Ack tells.</summary>
    public AckTally Tally { get; } = new();

    /// <summary>When the newest batch came.</summary>
    public long NewestBatchNs { get; private set; } = services.Time.UnixNs();

    /// <summary>Applies the messages that are here, up to a bound. <see cref="Status"/> tells whether the stream goes on.</summary>
    public ValueTask ApplyAsync()
    {
        if (_shard is null && !TryFindShard())
        {
            return default;
        }
        ValueTask turn = _shard!.RunAsync(this);
        if (!turn.IsCompletedSuccessfully)
        {
            return AfterTurnAsync(turn);
        }
        turn.GetAwaiter().GetResult();
        _failure?.Throw();
        return default;
    }

    /// <summary>Gives up the source. Called once, when the call ends.</summary>
    public ValueTask CloseAsync()
    {
        if (_agent is not null)
        {
            services.Agents.Remove(_agent);
        }
        if (_owner is null)
        {
            return default;
        }
        _isClosing = true;
        return _shard!.RunAsync(this);
    }

    /// <summary>[Data plane] By the shard, in the stream's turn.</summary>
    public void Run()
    {
        try
        {
            if (_isClosing)
            {
                Leave();
                return;
            }
            NewestBatchNs = services.Time.UnixNs();
            for (int i = 0; i < services.Options.BatchesPerTurnMax && Status is null && TryTake(out ReadOnlyMemory<byte> message); i++)
            {
                Apply(message.Span);
            }
        }
        catch (Exception exception)
        {
            // The thread may be another stream's: its own endpoint gets the exception.
            _failure = ExceptionDispatchInfo.Capture(exception);
        }
    }

    public ValueTask WaitForTurn()
    {
        _turn.Reset();
        return new ValueTask(this, _turn.Version);
    }

    public void FinishTurn() => _turn.SetResult(true);

    void IValueTaskSource.GetResult(short token) => _turn.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _turn.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _turn.OnCompleted(continuation, state, token, flags);

    private async ValueTask AfterTurnAsync(ValueTask turn)
    {
        await turn;
        _failure?.Throw();
    }

    /// <summary>The first message says whose the stream is. It is applied like every other, once the shard is known.</summary>
    private bool TryFindShard()
    {
        if (!source.TryRead(out _first))
        {
            return false;
        }
        _hasFirst = true;
        if (!BatchIdentity.TryRead(_first.Span, _firstFault, out _service, out _instance))
        {
            // No shard counts it: there is no source it could belong to.
            services.Counters.CountMalformedFirst();
            Status = new Status(StatusCode.InvalidArgument, $"Cannot apply the stream's first batch: {_firstFault}. Nothing of it was applied.");
            return false;
        }
        int bytesMax = services.Store.Options.LabelValueBytesMax;
        _serviceBytes = Encoding.UTF8.GetBytes(_service);
        _instanceBytes = Encoding.UTF8.GetBytes(_instance);
        if (_serviceBytes.Length > bytesMax || _instanceBytes.Length > bytesMax)
        {
            Status = new Status(
                StatusCode.ResourceExhausted,
                $"Cannot open source: service and instance have {_serviceBytes.Length} and {_instanceBytes.Length} bytes, {bytesMax} are the limit (Storage:LabelValueBytesMax).");
            return false;
        }
        _shard = services.Shards.Of(_service, _instance);
        return true;
    }

    private bool TryTake(out ReadOnlyMemory<byte> message)
    {
        if (!_hasFirst)
        {
            return source.TryRead(out message);
        }
        message = _first;
        _first = default;
        _hasFirst = false;
        return true;
    }
}

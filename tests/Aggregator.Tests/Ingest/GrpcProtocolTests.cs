using System.Buffers.Binary;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using Grpc.Core;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Ingest;
using Observability.Aggregator.Tests.Diagnostics;
using Observability.Protocol.Health.V1;
using Observability.Protocol.Reflection.V1;
using Observability.Protocol.V1;
using Snappier;

namespace Observability.Aggregator.Tests.Ingest;

/// <summary>What any gRPC client relies on, byte by byte over HTTP/2, in the real program.</summary>
[Collection(WholeProcess.Name)]
public sealed class GrpcProtocolTests
{
    private const int Limit = 65_536;
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Compressions => ["gzip", "snappy", "snappy block", "zstd"];

    [Theory]
    [MemberData(nameof(Compressions))]
    public async Task Message_Compressed_IsAppliedBesideOneThatIsNot(string compression)
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        byte[] message = IngestBench.Batch(values: [.. Enumerable.Range(1, 500).Select(i => (double)i)]).ToByteArray();

        Answer answer = await CallAsync(aggregator, "StreamTelemetry", [.. Frame(Compress(compression, message), 1), .. Frame(IngestBench.Batch(values: 501).ToByteArray())], compression);

        Assert.Equal((StatusCode.OK, 501UL), (answer.Status, Ack.Parser.ParseFrom(answer.Messages.Single()).Received));
    }

    [Theory]
    [MemberData(nameof(Compressions))]
    public async Task Message_ThatIsABomb_IsRefusedAndTheNextCallIsNot(string compression)
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync($"Grpc:MessageBytesMax={Limit}");
        byte[] bomb = Compress(compression, new byte[compression.StartsWith("snappy", StringComparison.Ordinal) ? 16 * Limit : 256 * Limit]);
        Assert.InRange(bomb.Length, 1, Limit);

        Answer answer = await CallAsync(aggregator, "StreamTelemetry", Frame(bomb, 1), compression);

        Assert.Equal(StatusCode.ResourceExhausted, answer.Status);
        Assert.Contains("Grpc:MessageBytesMax", answer.Detail, StringComparison.Ordinal);
        Assert.Equal(StatusCode.OK, (await CallAsync(aggregator, "StreamTelemetry", Frame(IngestBench.Batch(values: 1).ToByteArray()))).Status);
    }

    /// <summary>A few bytes that ask the decoder for gigabytes.</summary>
    [Theory]
    [InlineData("snappy block", "FFFFFF7F00")]
    [InlineData("snappy", "FF060000734E61507059000A000000000000FFFFFF7F0000")]
    [InlineData("zstd", "28B52FFD00A0010000")]
    public async Task Message_ThatAnnouncesGigabytes_TakesNoMemoryForThem(string compression, string hex)
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        long before = GC.GetTotalAllocatedBytes();

        Answer answer = await CallAsync(aggregator, "StreamTelemetry", Frame(Convert.FromHexString(hex), 1), compression);

        Assert.Contains(answer.Status, (StatusCode[])[StatusCode.ResourceExhausted, StatusCode.Internal]);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 64 * 1024 * 1024);
    }

    [Theory]
    [MemberData(nameof(Compressions))]
    public async Task Message_CorruptInItsCompression_IsInternal(string compression)
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        byte[] message = Compress(compression, new byte[1000]);
        message.AsSpan(compression == "gzip" ? 0 : message.Length / 2).Fill(0xFF);

        Answer answer = await CallAsync(aggregator, "StreamTelemetry", Frame(message, 1), compression);

        Assert.Equal(StatusCode.Internal, answer.Status);
    }

    [Fact]
    public async Task Message_CompressedInAnUnknownWay_IsUnimplementedAndNamesWhatIsAccepted()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        Answer answer = await CallAsync(aggregator, "StreamTelemetry", Frame([1, 2, 3], 1), "lz4");

        Assert.Equal(StatusCode.Unimplemented, answer.Status);
        Assert.All((string[])["gzip", "snappy", "zstd"], name => Assert.Contains(name, answer.Detail, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Message_AsLongAsTheLimit_IsAppliedAndOneByteMoreIsRefused()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync($"Grpc:MessageBytesMax={Limit}");
        byte[] batch = IngestBench.Batch(values: 1).ToByteArray();

        Assert.Equal(StatusCode.OK, (await CallAsync(aggregator, "StreamTelemetry", Frame(Padded(batch, Limit)))).Status);
        Assert.Equal(StatusCode.ResourceExhausted, (await CallAsync(aggregator, "StreamTelemetry", Frame(Padded(batch, Limit + 1)))).Status);
        Assert.Equal(StatusCode.OK, (await CallAsync(aggregator, "StreamTelemetry", Frame(batch))).Status);
    }

    [Fact]
    public async Task Message_ThatStaysHalf_EndsItsStreamAlone()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Grpc:MessageTimeout=00:00:00.3");
        byte[] framed = Frame(IngestBench.Batch(values: 1).ToByteArray());
        using OpenBody whole = new(framed);
        Task<Answer> idling = CallAsync(aggregator, "Exchange", whole);
        using OpenBody half = new(framed[..7]);

        Answer answer = await CallAsync(aggregator, "Exchange", half);

        Assert.Equal(StatusCode.DeadlineExceeded, answer.Status);
        Assert.Contains("Grpc:MessageTimeout", answer.Detail, StringComparison.Ordinal);
        await Eventually.TrueAsync(() => aggregator.Get<IngestCounters>().StreamsOpen == 1);
        Assert.False(idling.IsCompleted);
        whole.End();
        Assert.Equal(StatusCode.OK, (await idling).Status);
    }

    [Fact]
    public async Task Deadline_ThatPasses_EndsTheCallAndItsStream()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        using OpenBody body = new(Frame(IngestBench.Batch(values: 1).ToByteArray()));

        try
        {
            Assert.Equal(StatusCode.DeadlineExceeded, (await CallAsync(aggregator, "Exchange", body, headers: ("grpc-timeout", "300m"))).Status);
        }
        catch (HttpRequestException reset)
        {
            // The framework resets the stream behind the trailers; this client may see that first.
            Assert.Contains("reset the stream", reset.InnerException?.Message, StringComparison.Ordinal);
        }
        await Eventually.TrueAsync(() => aggregator.Get<IngestCounters>() is { StreamsOpen: 0, StreamsTotal: 1 });
    }

    [Fact]
    public async Task Streams_PastTheirLimit_AreRefusedUntilOneEnds()
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("Grpc:StreamsMax=1", "Grpc:RetryPushbackMs=321");
        using OpenBody body = new([]);
        Task<Answer> first = CallAsync(aggregator, "Exchange", body);
        await Eventually.TrueAsync(() => aggregator.Get<IngestCounters>().StreamsOpen == 1);

        Answer refused = await CallAsync(aggregator, "Exchange", Frame(IngestBench.Batch(values: 1).ToByteArray()));
        Assert.Equal((StatusCode.ResourceExhausted, "321"), (refused.Status, refused.Pushback));
        Assert.Contains("Grpc:StreamsMax", refused.Detail, StringComparison.Ordinal);

        body.End();
        Assert.Equal(StatusCode.OK, (await first).Status);
        await Eventually.TrueAsync(async () => (await CallAsync(aggregator, "Exchange", [])).Status == StatusCode.OK);
    }

    [Fact]
    public async Task Streams_MoreThanAHundredOfOneConnection_AreAllServed()
    {
        const int Streams = 130;
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        OpenBody[] bodies = [.. Enumerable.Range(0, Streams).Select(_ => new OpenBody(Frame(IngestBench.Batch(values: 1).ToByteArray())))];
        using HttpClient client = new(new SocketsHttpHandler { EnableMultipleHttp2Connections = false });
        Task<Answer>[] calls = [.. bodies.Select(body => CallAsync(aggregator, "Exchange", body, client: client))];

        await Eventually.TrueAsync(() => aggregator.Get<IngestCounters>().Received == Streams);
        Assert.All(bodies, body => body.End());
        Assert.All(await Task.WhenAll(calls), answer => Assert.Equal(StatusCode.OK, answer.Status));
    }

    [Theory]
    [InlineData("Exchange")]
    [InlineData("StreamTelemetry")]
    public async Task Call_WithoutItsKey_IsRefusedUnread(string method)
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("TELEMETRY_API_KEYS=right");
        byte[] message = Frame(IngestBench.Batch(values: 1).ToByteArray());

        Answer missing = await CallAsync(aggregator, method, message);
        Answer wrong = await CallAsync(aggregator, method, message, headers: ("x-api-key", "wrong"));
        Assert.Equal((StatusCode.Unauthenticated, StatusCode.Unauthenticated), (missing.Status, wrong.Status));
        Assert.Equal((0L, 0L), (aggregator.Get<IngestCounters>().Batches, aggregator.Get<IngestCounters>().StreamsTotal));
        Assert.Equal(StatusCode.OK, (await CallAsync(aggregator, method, message, headers: ("x-api-key", "right"))).Status);
    }

    [Theory]
    [InlineData("Nothing")]
    [InlineData("/telemetry.v2.TelemetryIngestor/Exchange")]
    [InlineData("/")]
    public async Task Call_OfAnUnknownMethod_IsUnimplemented(string method)
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        Assert.Equal(StatusCode.Unimplemented, (await CallAsync(aggregator, method, [])).Status);
    }

    [Theory]
    [InlineData("")]
    [InlineData("telemetry.v1.TelemetryIngestor")]
    public async Task Health_FollowsWhetherTheAggregatorServes_WithoutAKey(string service)
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync("TELEMETRY_API_KEYS=right");
        byte[] request = Frame(new HealthCheckRequest { Service = service }.ToByteArray());
        async Task<HealthCheckResponse.Types.ServingStatus> CheckAsync() =>
            HealthCheckResponse.Parser.ParseFrom((await CallAsync(aggregator, "/grpc.health.v1.Health/Check", request)).Messages.Single()).Status;

        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, await CheckAsync());
        aggregator.Get<ServingState>().MoveTo(ServingPhase.Draining);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, await CheckAsync());
        Assert.Equal(StatusCode.Unauthenticated, (await CallAsync(aggregator, "/grpc.health.v1.Health/Watch", request)).Status);
    }

    [Theory]
    [InlineData("v1")]
    [InlineData("v1alpha")]
    public async Task Reflection_NamesTheServicesAndDescribesTheContract(string version)
    {
        await using RunningAggregator aggregator = await RunningAggregator.StartAsync();
        Answer answer = await CallAsync(
            aggregator, $"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            [
                .. Frame(new ServerReflectionRequest { ListServices = "" }.ToByteArray()),
                .. Frame(new ServerReflectionRequest { FileContainingSymbol = "telemetry.v1.TelemetryIngestor.Exchange" }.ToByteArray()),
            ]);

        ServerReflectionResponse[] responses = [.. answer.Messages.Select(ServerReflectionResponse.Parser.ParseFrom)];
        Assert.Superset(
            new HashSet<string> { "grpc.health.v1.Health", "telemetry.v1.TelemetryIngestor" },
            responses[0].ListServicesResponse.Service.Select(service => service.Name).ToHashSet());
        Assert.Equal(TelemetryReflection.Descriptor.SerializedData, responses[1].FileDescriptorResponse.FileDescriptorProto.Single());
    }

    private static byte[] Frame(byte[] message, byte flag = 0)
    {
        byte[] framed = [flag, 0, 0, 0, 0, .. message];
        BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), message.Length);
        return framed;
    }

    /// <summary>The same batch with an unknown field behind it.</summary>
    private static byte[] Padded(byte[] batch, int length)
    {
        int padding = length - batch.Length - 5;
        return [.. batch, 0xFA, 0x01, (byte)((padding & 0x7F) | 0x80), (byte)(((padding >> 7) & 0x7F) | 0x80), (byte)(padding >> 14), .. new byte[padding]];
    }

    private static byte[] Compress(string compression, byte[] message)
    {
        MemoryStream compressed = new();
        using (Stream writer = compression switch
        {
            "gzip" => new GZipStream(compressed, CompressionLevel.Optimal, leaveOpen: true),
            "zstd" => new ZstdSharp.CompressionStream(compressed, leaveOpen: true),
            "snappy" => new SnappyStream(compressed, CompressionMode.Compress, leaveOpen: true),
            _ => new MemoryStream(),
        })
        {
            writer.Write(message);
        }
        return compression == "snappy block" ? Snappy.CompressToArray(message) : compressed.ToArray();
    }

    private static async Task<Answer> CallAsync(RunningAggregator aggregator, string method, byte[] body, string? compression = null, params (string, string)[] headers)
    {
        using ByteArrayContent content = new(body);
        return await CallAsync(aggregator, method, content, compression, null, headers);
    }

    private static async Task<Answer> CallAsync(
        RunningAggregator aggregator, string method, HttpContent content, string? compression = null, HttpClient? client = null, params (string Name, string Value)[] headers)
    {
        using HttpClient own = new();
        using HttpRequestMessage request = new(HttpMethod.Post, new Uri($"http://127.0.0.1:{aggregator.GrpcPort}{(method[0] == '/' ? method : $"/telemetry.v1.TelemetryIngestor/{method}")}"))
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = content,
        };
        content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TryAddWithoutValidation("te", "trailers");
        if (compression is not null)
        {
            request.Headers.TryAddWithoutValidation("grpc-encoding", compression.Split(' ')[0]);
        }
        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
        using HttpResponseMessage response = await (client ?? own).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        return new Answer(response, await response.Content.ReadAsByteArrayAsync(Token));
    }

    private sealed class Answer
    {
        private readonly HttpResponseMessage _response;

        public Answer(HttpResponseMessage response, byte[] body)
        {
            _response = response;
            Status = (StatusCode)int.Parse(Trailer("grpc-status") ?? "-1", System.Globalization.CultureInfo.InvariantCulture);
            Detail = Uri.UnescapeDataString(Trailer("grpc-message") ?? "");
            Pushback = Trailer("grpc-retry-pushback-ms");
            for (int at = 0; at < body.Length;)
            {
                int length = BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(at + 1));
                Messages.Add(body[(at + 5)..(at + 5 + length)]);
                at += 5 + length;
            }
        }

        public StatusCode Status { get; }

        public string Detail { get; }

        public string? Pushback { get; }

        public List<byte[]> Messages { get; } = [];

        private string? Trailer(string name) =>
            _response.TrailingHeaders.TryGetValues(name, out IEnumerable<string>? values) || _response.Headers.TryGetValues(name, out values) ? values.Single() : null;
    }

    /// <summary>A request's body that stays open until the test ends it.</summary>
    private sealed class OpenBody(byte[] start) : HttpContent
    {
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void End() => _end.TrySetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(start);
            await stream.FlushAsync();
            await _end.Task;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }

        protected override void Dispose(bool disposing)
        {
            End();
            base.Dispose(disposing);
        }
    }
}

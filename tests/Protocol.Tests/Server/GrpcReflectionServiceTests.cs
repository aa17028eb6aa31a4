using System.Buffers;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Observability.Aggregator.Grpc;
using Observability.Protocol.Reflection.V1;
using Observability.Protocol.V1;
using Answer = Observability.Protocol.Reflection.V1.ServerReflectionResponse.MessageResponseOneofCase;

namespace Observability.Protocol.Tests.Server;

public sealed class GrpcReflectionServiceTests
{
    private const string Stable = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    private const string Alpha = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

    private static CancellationToken Stop => TestLimit.Token;

    [Theory]
    [InlineData(Stable)]
    [InlineData(Alpha)]
    public async Task ListServices_NamesEveryMappedService(string path)
    {
        ServerReflectionResponse response = await AskAsync(path, new() { Host = "here", ListServices = "" });

        Assert.Equal(
            ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection", "telemetry.v1.TelemetryIngestor"],
            response.ListServicesResponse.Service.Select(service => service.Name));
        Assert.Equal("here", response.ValidHost);
        Assert.Equal("here", response.OriginalRequest.Host);
    }

    [Theory]
    [InlineData("telemetry.v1.TelemetryIngestor")]
    [InlineData("telemetry.v1.TelemetryIngestor.Exchange")]
    [InlineData("telemetry.v1.TelemetryBatch")]
    [InlineData("telemetry.v1.TelemetryBatch.sequence")]
    [InlineData("telemetry.v1.MetricSample.value")]
    public async Task FileContainingSymbol_OfWhatTheProtoDeclares_IsItsFile(string symbol)
    {
        ServerReflectionResponse response = await AskAsync(Alpha, new() { FileContainingSymbol = symbol });

        Assert.Equal("telemetry.proto", Assert.Single(FilesOf(response)).Name);
    }

    [Theory]
    [InlineData("grpc.health.v1.HealthCheckResponse.ServingStatus", "grpc/health/v1/health.proto")]
    [InlineData("grpc.health.v1.HealthCheckResponse.SERVING", "grpc/health/v1/health.proto")]
    [InlineData("grpc.reflection.v1alpha.ServerReflection", "grpc/reflection/v1alpha/reflection.proto")]
    [InlineData("grpc.reflection.v1.ErrorResponse", "grpc/reflection/v1/reflection.proto")]
    public async Task FileContainingSymbol_OfTheStandardServices_IsTheirFile(string symbol, string file)
    {
        ServerReflectionResponse response = await AskAsync(Stable, new() { FileContainingSymbol = symbol });

        Assert.Equal(file, Assert.Single(FilesOf(response)).Name);
    }

    [Fact]
    public async Task FileByFilename_OfTheProto_DescribesTheWholeContract()
    {
        ServerReflectionResponse response = await AskAsync(Stable, new() { FileByFilename = "telemetry.proto" });

        FileDescriptorProto file = Assert.Single(FilesOf(response));
        Assert.Equal(["StreamTelemetry", "Exchange"], file.Service.Single().Method.Select(method => method.Name));
        Assert.Equal(TelemetryReflection.Descriptor.SerializedData, response.FileDescriptorResponse.FileDescriptorProto.Single());
    }

    [Fact]
    public async Task AllExtensionNumbersOfType_OfAMessage_AreNone()
    {
        ServerReflectionResponse response = await AskAsync(Stable, new() { AllExtensionNumbersOfType = "telemetry.v1.Ack" });

        Assert.Equal("telemetry.v1.Ack", response.AllExtensionNumbersResponse.BaseTypeName);
        Assert.Empty(response.AllExtensionNumbersResponse.ExtensionNumber);
    }

    [Fact]
    public async Task Questions_WithoutAnAnswer_AreErrorsOnAStreamThatGoesOn()
    {
        ServerReflectionResponse[] responses = await AskAllAsync(
            Stable,
            new() { FileByFilename = "no.proto" },
            new() { FileContainingSymbol = "no.Symbol" },
            new() { AllExtensionNumbersOfType = "no.Message" },
            new() { FileContainingExtension = new ExtensionRequest { ContainingType = "telemetry.v1.Ack", ExtensionNumber = 7 } },
            new() { Host = "asks nothing" },
            new() { FileByFilename = "telemetry.proto" });

        Assert.Equal(
            [GrpcStatusCode.NotFound, GrpcStatusCode.NotFound, GrpcStatusCode.NotFound, GrpcStatusCode.NotFound, GrpcStatusCode.InvalidArgument],
            responses[..5].Select(response => (GrpcStatusCode)response.ErrorResponse.ErrorCode));
        Assert.All(responses[..5], response => Assert.NotEmpty(response.ErrorResponse.ErrorMessage));
        Assert.Equal(Answer.FileDescriptorResponse, responses[5].MessageResponseCase);
    }

    private static FileDescriptorProto[] FilesOf(ServerReflectionResponse response) =>
        [.. response.FileDescriptorResponse.FileDescriptorProto.Select(bytes => FileDescriptorProto.Parser.ParseFrom(bytes))];

    private static async Task<ServerReflectionResponse> AskAsync(string path, ServerReflectionRequest request) => (await AskAllAsync(path, request))[0];

    private static async Task<ServerReflectionResponse[]> AskAllAsync(string path, params ServerReflectionRequest[] requests)
    {
        await using GrpcTestServer server = await GrpcTestServer.StartAsync(app =>
        {
            app.MapGrpcServer(() => TelemetryReflection.Descriptor);
            app.MapGrpc("/telemetry.v1.TelemetryIngestor/Exchange", TestMethods.EchoAsync);
        });
        using GrpcChannel channel = server.Connect();
        await using GrpcDuplexCall call = channel.OpenDuplex(path, GrpcCallOptions.Default, Stop);
        var responses = new List<ServerReflectionResponse>();
        foreach (ServerReflectionRequest request in requests)
        {
            await call.WriteAsync(request.ToByteArray(), Stop);
            Assert.True(await call.WaitToReadAsync(Stop));
            Assert.True(call.TryRead(out ReadOnlySequence<byte> message));
            responses.Add(ServerReflectionResponse.Parser.ParseFrom(message));
        }
        await call.CompleteAsync();
        Assert.True((await call.GetStatusAsync(Stop)).IsOk);
        return [.. responses];
    }
}

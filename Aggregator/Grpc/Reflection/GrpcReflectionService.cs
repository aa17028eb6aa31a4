using System.Buffers;
using Google.Protobuf.Reflection;
using Observability.Protocol;
using Observability.Protocol.Reflection.V1;
using Request = Observability.Protocol.Reflection.V1.ServerReflectionRequest;
using Response = Observability.Protocol.Reflection.V1.ServerReflectionResponse;

namespace Observability.Aggregator.Grpc.Reflection;

/// <summary>
/// grpc.reflection.v1 and v1alpha: both have the same wire form, so one implementation answers both. What it cannot answer is an
/// error_response on a stream that goes on.
/// </summary>
internal sealed class GrpcReflectionService(GrpcMethodTable table, Func<IEnumerable<FileDescriptor>> files)
{
    public const string Path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    public const string AlphaPath = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

    // Made when somebody asks: descriptors took a quarter of what is compiled at a start.
    private readonly Lazy<DescriptorIndex> _index = new(() => new DescriptorIndex(files()));

    public async ValueTask<GrpcStatus> ServeAsync(GrpcServerCall call)
    {
        while (await call.WaitToReadAsync())
        {
            while (call.TryRead(out ReadOnlySequence<byte> message))
            {
                call.Write(Answer(GrpcUnaryRequest.Parse(call, Request.Parser, message)));
            }
            await call.FlushAsync();
        }
        return call.IsStopped ? new(GrpcStatusCode.Unavailable, "The aggregator is shutting down.") : GrpcStatus.Ok;
    }

    private Response Answer(Request request)
    {
        var response = new Response { ValidHost = request.Host, OriginalRequest = request };
        switch (request.MessageRequestCase)
        {
            case Request.MessageRequestOneofCase.ListServices:
                response.ListServicesResponse = new ListServiceResponse();
                response.ListServicesResponse.Service.AddRange(table.Services.Select(name => new ServiceResponse { Name = name }));
                break;
            case Request.MessageRequestOneofCase.FileByFilename:
                AnswerFile(response, _index.Value.FindFile(request.FileByFilename), $"file '{request.FileByFilename}'");
                break;
            case Request.MessageRequestOneofCase.FileContainingSymbol:
                AnswerFile(response, _index.Value.FindSymbol(request.FileContainingSymbol), $"symbol '{request.FileContainingSymbol}'");
                break;
            case Request.MessageRequestOneofCase.AllExtensionNumbersOfType when _index.Value.HasMessage(request.AllExtensionNumbersOfType):
                response.AllExtensionNumbersResponse = new ExtensionNumberResponse { BaseTypeName = request.AllExtensionNumbersOfType };
                break;
            case Request.MessageRequestOneofCase.AllExtensionNumbersOfType:
                AnswerFile(response, null, $"message '{request.AllExtensionNumbersOfType}'");
                break;
            case Request.MessageRequestOneofCase.FileContainingExtension:
                ExtensionRequest extension = request.FileContainingExtension;
                AnswerFile(response, null, $"extension {extension.ExtensionNumber} of '{extension.ContainingType}'");
                break;
            default:
                response.ErrorResponse = Error(GrpcStatusCode.InvalidArgument, "Cannot answer: the request asks for nothing.");
                break;
        }
        return response;
    }

    private static void AnswerFile(Response response, FileDescriptor? file, string asked)
    {
        if (file is null)
        {
            response.ErrorResponse = Error(GrpcStatusCode.NotFound, $"Cannot find {asked}.");
            return;
        }
        response.FileDescriptorResponse = new FileDescriptorResponse();
        response.FileDescriptorResponse.FileDescriptorProto.AddRange(DescriptorIndex.WithImports(file).Select(found => found.SerializedData));
    }

    private static ErrorResponse Error(GrpcStatusCode code, string message) => new() { ErrorCode = (int)code, ErrorMessage = message };
}

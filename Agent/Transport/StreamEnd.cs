using System.Globalization;
using Grpc.Core;

namespace Observability.Agent.Transport;

/// <summary>How one stream ended, and how far it had come.</summary>
/// <param name="Status">The status of the call.</param>
/// <param name="ServerSession">The aggregator's session; 0: it never answered.</param>
/// <param name="SentBatches">Numbered batches sent on this stream, without replayed ones.</param>
/// <param name="HasProgress">A batch was acknowledged on this stream.</param>
/// <param name="HasReplayed">Batches were replayed on this stream.</param>
/// <param name="Pushback">How long the aggregator asks to wait.</param>
internal readonly record struct StreamEnd(
    Status Status, ulong ServerSession, long SentBatches, bool HasProgress, bool HasReplayed, TimeSpan? Pushback)
{
    /// <summary>The aggregator took the stream: it answered the declarations.</summary>
    public bool IsAccepted => ServerSession != 0;

    /// <summary>Refusals that another attempt at once cannot mend.</summary>
    public bool IsRefusal => Status.StatusCode is StatusCode.Unauthenticated or StatusCode.PermissionDenied
        or StatusCode.AlreadyExists or StatusCode.Unimplemented;

    /// <summary>The status as the gRPC specification writes it, for example "ALREADY_EXISTS: 10.0.0.7 writes it".</summary>
    public string Reason => $"{NameOf(Status.StatusCode)}: {Status.Detail}".TrimEnd(' ', ':', '.');

    /// <summary>What a person can do about it.</summary>
    public string Remedy => Status.StatusCode switch
    {
        StatusCode.Unauthenticated or StatusCode.PermissionDenied => " Set API_KEY to a key the aggregator knows.",
        StatusCode.AlreadyExists => " Give each process its own INSTANCE_ID.",
        StatusCode.Unimplemented => " Set AGGREGATOR_ADDR to the aggregator's gRPC port.",
        _ => "",
    };

    private static string NameOf(StatusCode code) => code == StatusCode.OK
        ? "OK"
        : string.Concat(code.ToString().Select((letter, i) => i > 0 && char.IsUpper(letter) ? $"_{letter}" : $"{letter}")).ToUpper(CultureInfo.InvariantCulture);
}

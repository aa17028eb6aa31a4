namespace Observability.Protocol;

/// <summary>How a call ended: a code, and a sentence for people.</summary>
public readonly record struct GrpcStatus(GrpcStatusCode Code, string Detail)
{
    public static readonly GrpcStatus Ok = new(GrpcStatusCode.Ok, "");

    public bool IsOk => Code == GrpcStatusCode.Ok;

    public override string ToString() => string.IsNullOrEmpty(Detail) ? Code.Name() : $"{Code.Name()}: {Detail}";
}

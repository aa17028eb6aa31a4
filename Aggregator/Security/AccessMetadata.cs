namespace Observability.Aggregator.Security;

/// <summary>The policy of an endpoint.</summary>
internal sealed record AccessMetadata(Access Access);

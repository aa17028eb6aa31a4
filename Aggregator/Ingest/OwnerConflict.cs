namespace Observability.Aggregator.Ingest;

/// <summary>A stream refused because another session of its service and instance was live.</summary>
internal sealed record OwnerConflict(string Service, string Instance, string RefusedPeer, string OwnerPeer, long AtNs);

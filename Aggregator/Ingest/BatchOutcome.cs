namespace Observability.Aggregator.Ingest;

/// <summary>Samples of one batch applied and rejected, with the first reason.</summary>
internal readonly record struct BatchOutcome(long Applied, long Rejected, RejectReason FirstReason);

namespace Observability.Aggregator.Storage;

internal readonly record struct Label(string Name, string Value);

using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Triggers;

/// <summary>A series as answers name it. It holds no sample, so that what a firing remembers keeps no ring alive.</summary>
internal sealed record SeriesIdentity(
    uint Id, string Service, string Instance, string Name, IReadOnlyDictionary<string, string> Labels, string Kind, string Unit)
{
    public static SeriesIdentity Of(Series series) => new(
        series.Id, series.Source.Service, series.Source.Instance, series.Name,
        series.Labels.ToDictionary(label => label.Name, label => label.Value, StringComparer.Ordinal),
        series.Kind.ToString().ToLowerInvariant(), series.Unit);
}

using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Export;

/// <summary>The series of agents that are exposed under one name.</summary>
internal sealed class ExportedFamily(string name, OwnMetricType type, string help)
{
    public string Name { get; } = name;

    public OwnMetricType Type { get; } = type;

    public string Help { get; } = help;

    public List<ExportedSeries> Series { get; } = [];

    /// <summary>Label texts that are taken: a second series of the same text would be a duplicate.</summary>
    public HashSet<string> LabelTexts { get; } = new(StringComparer.Ordinal);
}

using Mono.Cecil;
using Mono.Cecil.Rocks;

namespace Observability.Architecture.Tests;

/// <summary>The arrows of ARCHITECTURE.md, read from the compiled code: what may not touch what.</summary>
public sealed class ArrowTests
{
    private const string Server = "Observability.Aggregator";

    private static readonly Arrow[] Arrows =
    [
        // Between projects.
        .. Forbid("Observability.Protocol", "Observability.Protocol", "*", Server, "Observability.Agent", "Microsoft.AspNetCore"),
        .. Forbid("Agent", "Observability.Agent", "*", Server, "Observability.Protocol", "Observability.ServiceDefaults", "Microsoft.AspNetCore", "Microsoft.Extensions", "Google.Protobuf"),
        .. Forbid("SimAgent", "SimAgent", "*", Server, "Observability.Protocol", "Google.Protobuf"),
        .. Forbid("Aggregator", "Aggregator", "*", "Observability.Agent", "Aspire"),
        .. Forbid("Observability.ServiceDefaults", "Observability.ServiceDefaults", "*", Server, "Observability.Agent", "Observability.Protocol"),
        .. Forbid("Observability.AppHost", "Observability.AppHost", "*", Server, "Observability.Agent", "Observability.Protocol"),

        // Inside the aggregator: Rings <- History <- Storage <- { Ingest, Streaming, Query, Triggers, Export } <- Program.
        .. Inside("Rings", "History", "Storage", "Ingest", "Streaming", "Query", "Export", "Selectors", "Security", "Diagnostics", "Triggers"),
        .. Inside("History", "Storage", "Ingest", "Streaming", "Query", "Export", "Selectors", "Security", "Diagnostics", "Triggers"),
        .. Inside("Storage", "Ingest", "Streaming", "Query", "Export", "Selectors", "Security", "Diagnostics", "Triggers"),
        .. new[] { "Rings", "History", "Storage", "Ingest", "Streaming", "Query", "Export", "Triggers" }.SelectMany(folder => Inside(folder, "Snapshots")),
        .. Inside("Snapshots", "Ingest", "Streaming", "Query", "Export", "Selectors", "Triggers"),
        .. Inside("Selectors", "Rings", "Ingest", "Streaming", "Query", "Export", "Security", "Diagnostics", "Triggers"),
        .. Inside("Ingest", "Streaming", "Query", "Export", "Selectors", "Triggers"),
        .. Inside("Streaming", "Ingest", "Query", "Export", "Triggers"),
        .. Inside("Query", "Ingest", "Streaming", "Export", "Triggers"),
        .. Inside("Export", "Streaming", "Query", "Triggers"),
        .. Inside("Triggers", "Ingest", "Streaming", "Query", "Export"),

        // Only ingestion knows its wire.
        .. new[] { "Rings", "History", "Storage", "Streaming", "Query", "Export", "Selectors", "Triggers" }
            .SelectMany(folder => Forbid("Aggregator", "Aggregator", $"{Server}.{folder}", "Observability.Protocol", "Google.Protobuf")),

        // Rings are the innermost data plane: no lock, log or LINQ there.
        .. Forbid("Aggregator", "Aggregator", $"{Server}.Rings", "System.Linq", "Microsoft.Extensions.Logging"),
    ];

    public static TheoryData<string> Names => new(Arrows.Select(arrow => arrow.ToString()));

    [Theory]
    [MemberData(nameof(Names))]
    public void Arrow_OfTheCompiledCode_IsRespected(string name)
    {
        Arrow arrow = Arrows.Single(candidate => candidate.ToString() == name);
        using ModuleDefinition module = Repository.Open(arrow.Project, arrow.Assembly);

        Assert.Empty(arrow.ViolationsIn(module));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Arrow_WithAPlantedViolation_IsReported(string name)
    {
        Arrow arrow = Arrows.Single(candidate => candidate.ToString() == name);
        using ModuleDefinition module = Repository.Open(arrow.Project, arrow.Assembly);
        string from = arrow.From == "*" ? arrow.Assembly : arrow.From;
        var planted = new TypeDefinition(from, "Planted", TypeAttributes.Class, module.TypeSystem.Object);
        var used = new TypeReference(arrow.To + ".Inner", "Forbidden", module, module.TypeSystem.CoreLibrary);
        var method = new MethodDefinition("Use", MethodAttributes.Static, module.TypeSystem.Void);
        var create = new MethodReference(".ctor", module.TypeSystem.Void, used) { HasThis = true };
        method.Body.GetILProcessor().Emit(Mono.Cecil.Cil.OpCodes.Newobj, create);
        planted.Methods.Add(method);
        module.Types.Add(planted);

        Assert.Contains(arrow.ViolationsIn(module), violation => violation.Contains("Planted", StringComparison.Ordinal));
    }

    [Fact]
    public void Arrows_InsideTheAggregator_NameNamespacesThatExist()
    {
        using ModuleDefinition module = Repository.Open("Aggregator", "Aggregator");
        var namespaces = module.GetAllTypes().Select(type => type.Namespace).ToHashSet(StringComparer.Ordinal);

        // A rule about a folder that was renamed would pass for ever.
        Assert.All(
            Arrows.Where(arrow => arrow.Assembly == "Aggregator" && arrow.From != "*").Select(arrow => arrow.From).Distinct(),
            ns => Assert.Contains(ns, namespaces));
    }

    private static IEnumerable<Arrow> Inside(string from, params string[] forbidden) =>
        forbidden.Select(to => new Arrow("Aggregator", "Aggregator", $"{Server}.{from}", $"{Server}.{to}"));

    private static IEnumerable<Arrow> Forbid(string project, string assembly, string from, params string[] forbidden) =>
        forbidden.Select(to => new Arrow(project, assembly, from, to));
}

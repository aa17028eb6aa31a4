namespace ServiceDefaults.Tests;

/// <summary>Meters and activity sources belong to the whole process: a test would see what another one beside it does.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class WholeProcess
{
    public const string Name = "the whole process";
}

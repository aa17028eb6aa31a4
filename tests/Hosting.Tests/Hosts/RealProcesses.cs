namespace Hosting.Tests;

/// <summary>Tests that start many processes run one after the other: the machine has few cores, and each of them has a deadline.</summary>
[CollectionDefinition(Name)]
public sealed class RealProcesses
{
    public const string Name = "real processes";
}

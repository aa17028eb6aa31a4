namespace Integration.Tests;

/// <summary>Tests that start and end many processes under a deadline run after all others and one by one: the machine has few cores.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class WholeMachine
{
    public const string Name = "whole machine";
}

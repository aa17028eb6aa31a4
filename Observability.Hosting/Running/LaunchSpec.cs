namespace Aspire.Hosting.Running;

/// <summary>Everything needed to start one process.</summary>
internal sealed record LaunchSpec(
    string FileName,
    IReadOnlyList<string> Arguments,
    string WorkingDirectory,
    IReadOnlyDictionary<string, string> Environment)
{
    /// <summary>Takes away what the program leaves elsewhere: a container and its network.</summary>
    public Action? Remove { get; init; }

    /// <summary>The command and the variables it gets, a line each.</summary>
    public IEnumerable<string> Describe()
    {
        yield return $"runs {FileName} {string.Join(' ', Arguments)} in {WorkingDirectory}, with";
        foreach ((string name, string value) in Environment.OrderBy(variable => variable.Key, StringComparer.Ordinal))
        {
            yield return $"  {name}={value}";
        }
    }
}

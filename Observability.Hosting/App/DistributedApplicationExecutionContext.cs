namespace Aspire.Hosting;

/// <summary>Whether the graph is run or published.</summary>
public sealed class DistributedApplicationExecutionContext
{
    internal DistributedApplicationExecutionContext(bool isPublishMode)
    {
        IsPublishMode = isPublishMode;
    }

    public bool IsPublishMode { get; }
    public bool IsRunMode => !IsPublishMode;
}

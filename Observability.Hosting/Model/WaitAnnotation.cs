namespace Aspire.Hosting.ApplicationModel;

internal enum WaitKind
{
    /// <summary>Until the dependency runs and its health checks pass.</summary>
    Healthy,

    /// <summary>Until the dependency has ended with exit code 0.</summary>
    Completion,
}

internal sealed record WaitAnnotation(Resource Dependency, WaitKind Kind);

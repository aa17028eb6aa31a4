namespace Aspire.Hosting;

/// <summary>The graph cannot be built, started or published. The message says why and what to do, and is meant for people.</summary>
public sealed class DistributedApplicationException : Exception
{
    public DistributedApplicationException(string message)
        : base(message)
    {
    }

    public DistributedApplicationException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

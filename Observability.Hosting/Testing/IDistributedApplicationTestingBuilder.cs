namespace Aspire.Hosting.Testing;

/// <summary>A graph as Program.cs described it, before it is built: here a test adds its logging.</summary>
public interface IDistributedApplicationTestingBuilder : IAsyncDisposable
{
    ConfigurationManager Configuration { get; }
    IServiceCollection Services { get; }

    Task<DistributedApplication> BuildAsync(CancellationToken cancellationToken = default);
}

namespace Aspire.Hosting.Testing;

/// <summary>A graph under test ends when the test says so. The signals that the test process gets are its runner's.</summary>
internal sealed class TestLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

namespace Aspire.Hosting.Testing;

public static class DistributedApplicationTestingBuilder
{
    /// <summary>Runs the Program.cs that <typeparamref name="TEntryPoint"/> (<c>Projects.Name_Of_AppHost</c>) belongs to, with these
    /// arguments, until it builds its graph.</summary>
    public static async Task<IDistributedApplicationTestingBuilder> CreateAsync<TEntryPoint>(
        string[] args, CancellationToken cancellationToken = default)
        where TEntryPoint : class
    {
        var interception = new EntryPointInterception(typeof(TEntryPoint).Assembly, args);
        interception.Start();
        return new TestingBuilder(await interception.Builder.WaitAsync(cancellationToken), interception);
    }

    private sealed class TestingBuilder(DistributedApplicationBuilder builder, EntryPointInterception interception)
        : IDistributedApplicationTestingBuilder
    {
        private DistributedApplication? _application;

        public ConfigurationManager Configuration => builder.Configuration;

        public IServiceCollection Services => builder.Services;

        public async Task<DistributedApplication> BuildAsync(CancellationToken cancellationToken = default)
        {
            _application = await interception.BuildAsync().WaitAsync(cancellationToken);
            return _application;
        }

        public async ValueTask DisposeAsync()
        {
            if (_application is not null)
            {
                await _application.DisposeAsync();
            }
            interception.Release();
        }
    }
}

using Microsoft.Extensions.FileProviders;

namespace Observability.Aggregator.Listening;

/// <summary>
/// Finds the built page: DASHBOARD_PATH, else wwwroot beside the binary, else dashboard/dist of the source tree. While there is none it is
/// looked for again at each request, so that a build is seen without a restart.
/// </summary>
internal sealed class DashboardFiles(DashboardOptions options, IHostEnvironment environment) : IDisposable
{
    private readonly Lock _findLock = new();
    private PhysicalFileProvider? _files;

    public IFileProvider? Find()
    {
        if (_files is { } found)
        {
            return found;
        }
        lock (_findLock)
        {
            string? folder = Candidates().FirstOrDefault(DashboardOptions.HasPage);
            return _files ??= folder is null ? null : new PhysicalFileProvider(folder);
        }
    }

    public void Dispose() => _files?.Dispose();

    private IEnumerable<string> Candidates() => options.Path is { } path
        ? [path]
        :
        [
            Path.Combine(AppContext.BaseDirectory, "wwwroot"),
            Path.GetFullPath(Path.Combine(environment.ContentRootPath, "..", "dashboard", "dist")),
            // bin/<configuration>/<framework> of the project folder, when started from elsewhere.
            Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", "dashboard", "dist")),
        ];
}

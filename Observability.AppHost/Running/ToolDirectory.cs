using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Observability.AppHost.Running;

/// <summary>
/// The name of a temporary directory of one run, for a tool to make. It is removed when the graph has ended; what a killed run left is
/// removed by the next one.
/// </summary>
internal sealed class ToolDirectory : IHostedService, IDisposable
{
    private const string Prefix = "observability-run-";

    private ToolDirectory(string path)
    {
        Path = path;
    }

    public string Path { get; }

    public static ToolDirectory Create(IDistributedApplicationBuilder builder, string name)
    {
        RemoveOfDeadRuns();
        string unique = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}-{name}-{Guid.NewGuid():N}");
        var directory = new ToolDirectory(System.IO.Path.Combine(System.IO.Path.GetTempPath(), unique));
        // Made by the host's services, it is disposed with them: after the last process has ended.
        builder.Services.AddSingleton<IHostedService>(_ => directory);
        return directory;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        if (Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }
    }

    private static void RemoveOfDeadRuns()
    {
        foreach (string directory in Directory.EnumerateDirectories(System.IO.Path.GetTempPath(), Prefix + "*"))
        {
            string id = System.IO.Path.GetFileName(directory)[Prefix.Length..].Split('-')[0];
            if (int.TryParse(id, CultureInfo.InvariantCulture, out int processId) && !IsAlive(processId))
            {
                Directory.Delete(directory, recursive: true);
            }
        }
    }

    private static bool IsAlive(int processId)
    {
        try
        {
            using var process = System.Diagnostics.Process.GetProcessById(processId);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}

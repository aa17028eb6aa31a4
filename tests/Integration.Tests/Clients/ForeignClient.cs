using System.Diagnostics;
using System.Text.Json;

namespace Integration.Tests.Clients;

/// <summary>Runs a client written in another language and reads what it says of each scenario.</summary>
internal static class ForeignClient
{
    private static readonly TimeSpan RunTimeMax = TimeSpan.FromMinutes(2);

    public static string Root { get; } = FindRoot();

    private static string Folder => Path.Combine(Root, "tests", "Integration.Tests", "Clients");

    public static async Task<IReadOnlyDictionary<string, JsonElement>> RunNodeAsync(string address, string key, string service, CancellationToken ct)
    {
        await InstallNodePackagesAsync(ct);
        return Parse(await RunAsync("node", [Path.Combine(Folder, "node", "client.mjs"), address, key, service], Root, ct));
    }

    public static async Task<IReadOnlyDictionary<string, JsonElement>> RunPythonAsync(string address, string key, string service, CancellationToken ct)
    {
        string generated = await GeneratePythonAsync(ct);
        try
        {
            return Parse(await RunAsync("/usr/bin/python3", [Path.Combine(Folder, "python", "client.py"), address, key, service, generated], Root, ct));
        }
        finally
        {
            Directory.Delete(generated, recursive: true);
        }
    }

    /// <summary>Runs a snippet of the documentation as its reader would: beside the packages it names.</summary>
    public static async Task<string> RunNodeSnippetAsync(string address, string key, CancellationToken ct)
    {
        await InstallNodePackagesAsync(ct);
        string copy = Path.Combine(Folder, "node", $"snippet-{Guid.NewGuid():N}.mjs");
        File.Copy(Path.Combine(Root, "docs", "clients", "send.mjs"), copy);
        try
        {
            return await RunAsync("node", [copy, address, key], Root, ct);
        }
        finally
        {
            File.Delete(copy);
        }
    }

    public static async Task<string> RunPythonSnippetAsync(string address, string key, CancellationToken ct)
    {
        string generated = await GeneratePythonAsync(ct);
        try
        {
            return await RunAsync("/usr/bin/python3", [Path.Combine(Root, "docs", "clients", "send.py"), address, key], generated, ct, ("PYTHONPATH", generated));
        }
        finally
        {
            Directory.Delete(generated, recursive: true);
        }
    }

    /// <summary>True where Python has grpcio and protoc is there; the tests that need them say so as skipped otherwise.</summary>
    public static bool HasPython { get; } =
        Succeeds("/usr/bin/python3", "-c", "import grpc, google.protobuf") && Succeeds("protoc", "--version");

    private static async Task<string> GeneratePythonAsync(CancellationToken ct)
    {
        string generated = Directory.CreateTempSubdirectory("foreign-python-").FullName;
        await RunAsync("protoc", ["-I", Path.Combine(Root, "proto"), "--python_out", generated, "telemetry.proto"], Root, ct);
        await RunAsync("protoc", ["-I", Folder, "--python_out", generated, "health.proto", "reflection.proto"], Root, ct);
        return generated;
    }

    private static async Task InstallNodePackagesAsync(CancellationToken ct)
    {
        if (!Directory.Exists(Path.Combine(Folder, "node", "node_modules", "@grpc", "grpc-js")))
        {
            await RunAsync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], Path.Combine(Folder, "node"), ct);
        }
    }

    private static Dictionary<string, JsonElement> Parse(string output) =>
        output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .ToDictionary(element => element.GetProperty("scenario").GetString()!);

    private static async Task<string> RunAsync(
        string command, string[] arguments, string folder, CancellationToken ct, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(command, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timeout.CancelAfter(RunTimeMax);
        Task<string> output = process.StandardOutput.ReadToEndAsync(timeout.Token);
        Task<string> errors = process.StandardError.ReadToEndAsync(timeout.Token);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        Assert.True(process.ExitCode == 0, $"{command} {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{await errors}\n{await output}");
        return await output;
    }

    private static bool Succeeds(string command, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Observability.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException($"Cannot find Observability.sln above {AppContext.BaseDirectory}.");
    }
}

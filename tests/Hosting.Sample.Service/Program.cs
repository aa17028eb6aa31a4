using System.Collections;
using System.Diagnostics;

// A service that does what the tests of the host ask of it. Without a port it is a worker that only prints.
string? port = Environment.GetEnvironmentVariable("SERVICE_PORT");
Console.WriteLine($"started pid {Environment.ProcessId}");
if (Environment.GetEnvironmentVariable("EXIT_AT_ONCE") is { Length: > 0 } exitCode)
{
    Console.Error.WriteLine("cannot go on");
    return int.Parse(exitCode);
}

var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.ClearProviders();
builder.WebHost.UseUrls(port is null ? "http://127.0.0.1:0" : $"http://localhost:{port}");
await using var app = builder.Build();
bool healthy = true;

app.MapGet("/health", () => Results.StatusCode(healthy ? 200 : 503));
app.MapPost("/health/{value}", (bool value) => healthy = value);
app.MapGet("/pid", () => Environment.ProcessId.ToString());
app.MapGet("/environment", () => Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
    .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value));
app.MapPost("/print", (string text) => Console.WriteLine(text));
app.MapPost("/exit/{code}", (int code) =>
{
    ThreadPool.QueueUserWorkItem(_ => Environment.Exit(code));
    return Results.Ok();
});

// A process whose parent is gone at once: only its environment still tells where it came from.
app.MapPost("/orphan", async () =>
{
    using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "sleep 600 >/dev/null 2>&1 & echo $!"]) { RedirectStandardOutput = true })!;
    return await shell.StandardOutput.ReadLineAsync();
});

if (Environment.GetEnvironmentVariable("IGNORE_TERM") is { Length: > 0 })
{
    using var registration = System.Runtime.InteropServices.PosixSignalRegistration.Create(
        System.Runtime.InteropServices.PosixSignal.SIGTERM, context => context.Cancel = true);
    await Task.Delay(Timeout.Infinite);
}
await app.RunAsync();
return 0;

using System.Diagnostics;
using System.Globalization;
using Aspire.Hosting.Running;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Hosting.Tests.Testing;

[Collection(RealProcesses.Name)]
public sealed class TestingApiTests
{
    [Fact]
    public async Task Start_WholeGraph_RunsInOrderWithItsEnvironment()
    {
        await using SampleGraph graph = await (await SampleGraph.StartAsync("--Parameters:secret=other")).UntilHealthyAsync("worker");

        Dictionary<string, string> environment = await graph.EnvironmentOfServiceAsync();
        Assert.Equal("other", environment["SECRET"]);
        Assert.Equal("service", environment["OTEL_SERVICE_NAME"]);
        Assert.StartsWith("service.instance.id=", environment["OTEL_RESOURCE_ATTRIBUTES"], StringComparison.Ordinal);
        Assert.Equal(graph.App.GetEndpoint("service", "http").Port.ToString(CultureInfo.InvariantCulture), environment["SERVICE_PORT"]);
        string[] lines = [.. graph.Logs.Lines];
        Assert.Contains(lines, line => line.StartsWith("Hosting.Sample.Host.Resources.service Information: started pid", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Start_Replicas_EachHasItsOwnInstanceId()
    {
        await using SampleGraph graph = await SampleGraph.StartAsync();
        bool BothStarted() => graph.Logs.Lines.Count(line => line.Contains("Resources.worker-", StringComparison.Ordinal)) >= 2;
        await Eventually.TrueAsync(BothStarted, TimeSpan.FromSeconds(60), () => string.Join('\n', graph.Logs.Lines));
        IEnumerable<string> categories = graph.Logs.Lines.Select(line => line.Split(' ')[0]).Where(line => line.Contains("worker-", StringComparison.Ordinal));
        Assert.Equal(2, categories.Distinct().Count());
        Assert.Equal(2, MarkedPids(graph, "worker-").Count);
    }

    [Fact]
    public async Task Stop_ResourceWithAnOrphanedChild_EndsBoth()
    {
        await using SampleGraph graph = await (await SampleGraph.StartAsync()).UntilHealthyAsync();
        using HttpClient client = graph.App.CreateHttpClient("service");
        using HttpResponseMessage response = await client.PostAsync("/orphan", null, graph.Timeout);
        ProcessKey orphan = ProcessTable.Find(int.Parse(await response.Content.ReadAsStringAsync(graph.Timeout), CultureInfo.InvariantCulture))!.Value;
        Assert.True(ProcessTable.IsAlive(orphan));

        ExecuteCommandResult result = await graph.App.ResourceCommands.ExecuteCommandAsync("service", KnownResourceCommands.StopCommand, graph.Timeout);

        Assert.True(result.Success, result.ErrorMessage);
        Assert.False(ProcessTable.IsAlive(orphan));
    }

    [Fact]
    public async Task ExecuteCommand_StopStartRestart_ChangesTheProcess()
    {
        await using SampleGraph graph = await (await SampleGraph.StartAsync()).UntilHealthyAsync();
        int first = await graph.PidOfServiceAsync();

        await ExecuteAsync(graph, KnownResourceCommands.StopCommand);
        await graph.App.ResourceNotifications.WaitForResourceAsync("service", KnownResourceStates.Exited, graph.Timeout);
        Assert.Null(ProcessTable.Find(first));

        await ExecuteAsync(graph, KnownResourceCommands.StartCommand);
        await graph.UntilHealthyAsync();
        int second = await graph.PidOfServiceAsync();

        await ExecuteAsync(graph, KnownResourceCommands.StartCommand);
        await graph.UntilHealthyAsync();
        Assert.Equal(second, await graph.PidOfServiceAsync());

        await ExecuteAsync(graph, KnownResourceCommands.RestartCommand);
        await ExecuteAsync(graph, KnownResourceCommands.StartCommand);
        await graph.UntilHealthyAsync();
        int third = await graph.PidOfServiceAsync();
        Assert.Equal(3, new HashSet<int> { first, second, third }.Count);
    }

    [Fact]
    public async Task ExecuteCommand_StartAfterKill_BringsTheResourceBack()
    {
        await using SampleGraph graph = await (await SampleGraph.StartAsync()).UntilHealthyAsync();
        int first = await graph.PidOfServiceAsync();
        using (var process = Process.GetProcessById(first))
        {
            process.Kill();
            await process.WaitForExitAsync(graph.Timeout);
        }

        await ExecuteAsync(graph, KnownResourceCommands.StartCommand);
        await graph.UntilHealthyAsync();
        Assert.NotEqual(first, await graph.PidOfServiceAsync());
    }

    [Fact]
    public async Task ExecuteCommand_UnknownNameOrCommand_SaysWhatThereIs()
    {
        await using SampleGraph graph = await SampleGraph.StartAsync();
        ExecuteCommandResult unknown = await graph.App.ResourceCommands.ExecuteCommandAsync("nobody", KnownResourceCommands.StopCommand, graph.Timeout);
        ExecuteCommandResult impossible = await graph.App.ResourceCommands.ExecuteCommandAsync("service", "fly", graph.Timeout);
        Assert.Contains("It has: service", unknown.ErrorMessage, StringComparison.Ordinal);
        Assert.Contains("start, stop, restart", impossible.ErrorMessage, StringComparison.Ordinal);
        Assert.False(unknown.Success || impossible.Success);
    }

    [Fact]
    public async Task WaitForResourceHealthy_ResourceThatEnds_ThrowsWithTheReason()
    {
        await using SampleGraph graph = await SampleGraph.StartAsync("ServiceExits=3");
        var exception = await Assert.ThrowsAsync<DistributedApplicationException>(() => graph.UntilHealthyAsync());
        Assert.Contains("ended with exit code 3", exception.Message, StringComparison.Ordinal);
        exception = await Assert.ThrowsAsync<DistributedApplicationException>(() => graph.UntilHealthyAsync("worker"));
        Assert.Contains("'service'", exception.Message, StringComparison.Ordinal);
        Assert.Contains(graph.Logs.Lines, line => line.EndsWith("service Error: cannot go on", StringComparison.Ordinal));
    }

    [Fact]
    public async Task WaitForResource_UnknownName_ThrowsAtOnce()
    {
        await using SampleGraph graph = await SampleGraph.StartAsync();
        await Assert.ThrowsAsync<DistributedApplicationException>(() => graph.App.ResourceNotifications.WaitForResourceAsync("nobody", null, graph.Timeout));
    }

    [Fact]
    public async Task HealthCheck_ThatStopsPassing_MakesTheResourceUnhealthyUntilItPasses()
    {
        await using SampleGraph graph = await (await SampleGraph.StartAsync()).UntilHealthyAsync();
        await graph.PostAsync("/health/false");
        await graph.App.ResourceNotifications.WaitAsync(change => change.IsOf("service") && !change.Snapshot.Healthy, graph.Timeout);
        await graph.PostAsync("/health/true");
        await graph.UntilHealthyAsync();
    }

    [Fact]
    public async Task Page_IsInstalledStartedAndStopped()
    {
        await using SampleGraph graph = await (await SampleGraph.StartAsync("Page=page", "PagePort=1")).UntilHealthyAsync("page");
        await graph.App.ResourceNotifications.WaitAsync(change => change.IsOf("page") && change.Snapshot.Answers, graph.Timeout);
        await graph.App.ResourceNotifications.WaitForResourceAsync("page-installer", KnownResourceStates.Finished, graph.Timeout);

        using HttpClient client = graph.App.CreateHttpClient("page");
        string environment = await client.GetStringAsync("/", graph.Timeout);
        Assert.Contains($"\"SERVICE_HTTP\":\"http://localhost:{graph.App.GetEndpoint("service").Port}\"", environment, StringComparison.Ordinal);

        // npm, a shell and node itself.
        IReadOnlyList<ProcessKey> processes = MarkedPids(graph, "page");
        Assert.NotEmpty(processes);
        await graph.App.StopAsync();
        Assert.DoesNotContain(processes, ProcessTable.IsAlive);
    }

    [Fact]
    public async Task Page_WhosePackagesCannotBeInstalled_FailsAloneWithTheReason()
    {
        await using SampleGraph graph = await SampleGraph.StartAsync("Page=broken-page");
        var exception = await Assert.ThrowsAsync<DistributedApplicationException>(() => graph.UntilHealthyAsync("page"));
        Assert.Contains("'page-installer'", exception.Message, StringComparison.Ordinal);
        await graph.UntilHealthyAsync();
    }

    [Fact]
    public async Task Start_TwoGraphsAtOnce_DoNotMeet()
    {
        SampleGraph[] graphs = await Task.WhenAll(SampleGraph.StartAsync("--Parameters:secret=one"), SampleGraph.StartAsync("--Parameters:secret=two"));
        await using SampleGraph one = await graphs[0].UntilHealthyAsync();
        await using SampleGraph two = await graphs[1].UntilHealthyAsync();
        Assert.Equal("one", (await one.EnvironmentOfServiceAsync())["SECRET"]);
        Assert.Equal("two", (await two.EnvironmentOfServiceAsync())["SECRET"]);
    }

    [Fact]
    public async Task Dispose_WhileStarting_LeavesNothing()
    {
        SampleGraph graph = await SampleGraph.StartAsync();
        string mark = MarkOf(graph);
        await graph.DisposeAsync();
        Assert.Empty(ProcessTable.Read().Marked(entry => entry.StartsWith(mark, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Create_ProgramThatRefusesItsArguments_Throws()
    {
        await Assert.ThrowsAsync<FormatException>(
            () => DistributedApplicationTestingBuilder.CreateAsync<Projects.Hosting_Sample_Host>(["Port=abc"], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Create_ThenDisposedUnbuilt_EndsTheProgram()
    {
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Hosting_Sample_Host>([], TestContext.Current.CancellationToken);
        Assert.Equal("s3cret", builder.Configuration["Parameters:secret"]);
        await builder.DisposeAsync();
    }

    private static async Task ExecuteAsync(SampleGraph graph, string command)
    {
        ExecuteCommandResult result = await graph.App.ResourceCommands.ExecuteCommandAsync("service", command, graph.Timeout);
        Assert.True(result.Success, result.ErrorMessage);
    }

    /// <summary>The processes of this graph whose resource's name begins so.</summary>
    private static IReadOnlyList<ProcessKey> MarkedPids(SampleGraph graph, string resourceNamePrefix)
    {
        string prefix = RunMark.Of(MarkOf(graph), resourceNamePrefix);
        return ProcessTable.Read().Marked(entry => entry.StartsWith(prefix, StringComparison.Ordinal));
    }

    private static string MarkOf(SampleGraph graph) => graph.App.Services.GetRequiredService<GraphRunner>().Mark;
}

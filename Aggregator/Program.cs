using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Export;
using Observability.Aggregator.Ingest;
using Observability.Aggregator.Listening;
using Observability.Aggregator.Query;
using Observability.Aggregator.Security;
using Observability.Aggregator.Snapshots;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Streaming;
using Observability.Aggregator.Triggers;
using Observability.ServiceDefaults;

namespace Observability.Aggregator;

internal static class Program
{
    public static Task<int> Main(string[] args) =>
        args.Contains(HealthCommand.Argument) ? HealthCommand.RunAsync(args, Console.Out) : Start.RunAsync(() => CreateBuilder(args), Build);

    internal static WebApplicationBuilder CreateBuilder(string[] args)
    {
        // Settings are read once, at the start; watching their files would wake a thread for every change anywhere below the content root.
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(["--hostBuilder:reloadConfigOnChange=false", .. args]);
        ConsoleLog.Configure(builder.Logging, builder.Configuration);
        builder.AddServiceDefaults();
        builder.Services.AddSection<StorageOptions>(StorageOptions.Section);
        builder.Services
            .AddDiagnostics()
            .AddListening()
            .AddSecurity()
            .AddSnapshots()
            .AddStorage()
            .AddGrpcServer()
            .AddIngest()
            .AddStreaming()
            .AddTriggers()
            .AddPrometheusExport()
            .AddQuery()
            .AddDashboard();
        return builder;
    }

    internal static WebApplication Build(WebApplicationBuilder builder)
    {
        WebApplication app = builder.Build();
        app.UseWebErrors();
        app.UseWebSockets();
        app.UseAccess();
        app.UseUnknownGrpcServices();

        IEndpointRouteBuilder grpc = app.On(Listener.Grpc).For(Access.Ingest);
        grpc.MapGrpcServer();
        grpc.MapIngest();
        IEndpointRouteBuilder web = app.On(Listener.Web);
        web.For(Access.Public).MapHealth();
        web.For(Access.View).MapStatus();
        web.For(Access.View).MapStreaming();
        web.For(Access.View).MapQuery();
        web.For(Access.View).MapTriggers();
        web.For(Access.Public).MapDashboard();
        app.On(Listener.Metrics).For(Access.View).MapPrometheusExport();
        return app;
    }
}

namespace Aspire.Hosting;

public static class JavaScriptHostingExtensions
{
    /// <summary>Adds a web page that Vite serves: an endpoint <c>http</c>, told as <c>PORT</c> and as <c>--port</c>; its packages are
    /// installed first by the child resource <c>{name}-installer</c>.</summary>
    public static IResourceBuilder<ViteAppResource> AddViteApp(
        this IDistributedApplicationBuilder builder, string name, string appDirectory, string runScriptName = "dev")
    {
        string directory = Path.GetFullPath(Path.Combine(builder.AppHostDirectory, appDirectory));
        var app = new ViteAppResource(name, directory);
        string nodeEnvironment = builder.ExecutionContext.IsRunMode && builder.Environment.IsDevelopment() ? "development" : "production";
        app.Environment.Add(context => context.Variables["NODE_ENV"] = nodeEnvironment);
        IResourceBuilder<ViteAppResource> appBuilder = builder.AddResource(app).WithHttpEndpoint(env: "PORT");
        var targetPort = new EndpointReferenceExpression(new EndpointReference(app, "http"), EndpointProperty.TargetPort);
        app.Arguments.AddRange(["run", runScriptName, "--", "--port", targetPort]);
        if (builder.ExecutionContext.IsRunMode)
        {
            ExecutableResource installer = app.CreateInstaller();
            builder.AddResource(installer);
            app.Waits.Add(new WaitAnnotation(installer, UntilCompleted: true));
        }
        return appBuilder;
    }
}

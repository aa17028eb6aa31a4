namespace Observability.AppHost;

/// <summary>A web page developed with Vite. Named and shaped as in Aspire.Hosting.JavaScript, which can replace it.</summary>
internal sealed class ViteAppResource(string name, string directory)
    : ExecutableResource(name, "node", directory), IResourceWithServiceDiscovery, IResourceWithContainerFiles;

internal static class ViteAppExtensions
{
    private const string NodeHelp = "https://nodejs.org/en/download";

    /// <summary>The image in which the page is built when the graph is published, for other images to take the files from.</summary>
    private const string Dockerfile = """
        FROM node:22-slim
        WORKDIR /app
        COPY package*.json ./
        RUN --mount=type=cache,target=/root/.npm npm ci
        COPY . .
        RUN npm run build

        """;

    /// <summary>
    /// Runs Vite's development server with an endpoint <c>http</c>, passed as PORT. Its packages are installed first, by the child
    /// <c>{name}-installer</c>, unless they already are.
    /// </summary>
    public static IResourceBuilder<ViteAppResource> AddViteApp(this IDistributedApplicationBuilder builder, string name, string appDirectory)
    {
        string directory = Path.GetFullPath(appDirectory, builder.AppHostDirectory);
        var app = builder.AddResource(new ViteAppResource(name, directory))
            // Started directly: the shell of `npm run` forwards no signal, so Vite would outlive a stop until it is killed.
            .WithArgs("node_modules/vite/bin/vite.js")
            .WithEnvironment("NODE_ENV", builder.ExecutionContext.IsRunMode ? "development" : "production")
            .WithHttpEndpoint(env: "PORT")
            .WithRequiredCommand("node", NodeHelp)
            .WithAnnotation(new ContainerFilesSourceAnnotation { SourcePath = "/app/dist" });
        if (builder.ExecutionContext.IsRunMode && !IsInstalled(directory))
        {
            var installer = builder.AddExecutable($"{name}-installer", "npm", directory, "install", "--no-audit", "--no-fund")
                .WithRequiredCommand("npm", NodeHelp)
                .WithParentRelationship(app);
            app.WaitForCompletion(installer);
        }
        return app.PublishAsDockerFile(image =>
        {
            image.WithDockerfileFactory(directory, _ => Dockerfile);
            // Nothing runs in this image.
            image.Resource.Annotations.OfType<DockerfileBuildAnnotation>().Single().HasEntrypoint = false;
        });
    }

    /// <summary>npm writes its own list of what is installed, which is older than the lock file when that has changed since.</summary>
    private static bool IsInstalled(string directory)
    {
        string installed = Path.Combine(directory, "node_modules", ".package-lock.json");
        return File.Exists(installed) && File.GetLastWriteTimeUtc(installed) >= File.GetLastWriteTimeUtc(Path.Combine(directory, "package-lock.json"));
    }
}

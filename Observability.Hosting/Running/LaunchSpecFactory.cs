namespace Aspire.Hosting.Running;

/// <summary>Turns a resource into the program, arguments and variables of one of its processes.</summary>
internal sealed class LaunchSpecFactory(DistributedApplicationExecutionContext executionContext)
{
    /// <summary>Set for the AppHost by its launch profile or by <c>dotnet run</c>. They are about the AppHost and would mislead the
    /// programs it starts.</summary>
    private static readonly string[] VariablesNotInherited = ["ASPNETCORE_URLS", "DOTNET_URLS", "HTTP_PORTS", "HTTPS_PORTS", "DOTNET_LAUNCH_PROFILE"];

    public LaunchSpec Create(ResourceInstance instance, string runMark)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [RunMark.Variable] = RunMark.Of(runMark, instance.Id),
        };
        foreach ((string name, object value) in EnvironmentContext.Collect(instance.Resource, executionContext).Variables)
        {
            variables[name] = Resolve(value, instance.Resource);
        }
        return instance.Resource switch
        {
            ProjectResource project => CreateForProject(project, instance, variables),
            ExecutableResource executable => CreateForExecutable(executable, instance, variables),
            ContainerResource container => ContainerLaunch.Create(container, variables),
            _ => throw new UnreachableException($"BUG: resource '{instance.Resource.Name}' of type {instance.Resource.GetType()} has no process."),
        };
    }

    public static void RemoveMisleading(IDictionary<string, string?> environment)
    {
        foreach (string name in VariablesNotInherited)
        {
            environment.Remove(name);
        }
    }

    private static LaunchSpec CreateForProject(ProjectResource project, ResourceInstance instance, Dictionary<string, string> variables)
    {
        AddTelemetryIdentity(instance, variables);
        if (project.TargetPath is null || !File.Exists(project.TargetPath))
        {
            throw new DistributedApplicationException(
                $"Cannot start '{project.Name}', because its program {project.TargetPath ?? "of " + project.ProjectPath} has not been built. " +
                "Build the AppHost first: dotnet build.");
        }
        string workingDirectory = Path.GetDirectoryName(project.ProjectPath)!;
        string executable = Path.ChangeExtension(project.TargetPath, OperatingSystem.IsWindows() ? ".exe" : null);
        if (!File.Exists(executable))
        {
            return new LaunchSpec(DotnetPath(), ["exec", project.TargetPath], workingDirectory, variables);
        }
        // The program's own executable shows its name in the process list, but has to be told where .NET is unless it is in its usual place.
        variables.TryAdd("DOTNET_ROOT", DotnetRoot());
        return new LaunchSpec(executable, [], workingDirectory, variables);
    }

    private static LaunchSpec CreateForExecutable(ExecutableResource executable, ResourceInstance instance, Dictionary<string, string> variables)
    {
        if (executable is ViteAppResource)
        {
            AddTelemetryIdentity(instance, variables);
        }
        if (!Directory.Exists(executable.WorkingDirectory))
        {
            throw new DistributedApplicationException(
                $"Cannot start '{executable.Name}', because its directory {executable.WorkingDirectory} does not exist.");
        }
        string fileName = ProgramPath.Find(executable.Command)
            ?? throw new DistributedApplicationException(
                $"Cannot start '{executable.Name}', because '{executable.Command}' is not on PATH. {executable.MissingCommandRemedy ?? "Install it"}.");
        return new LaunchSpec(fileName, [.. executable.Arguments.Select(value => Resolve(value, executable))], executable.WorkingDirectory, variables);
    }

    private static void AddTelemetryIdentity(ResourceInstance instance, Dictionary<string, string> variables)
    {
        variables.TryAdd("OTEL_SERVICE_NAME", instance.Resource.Name);
        variables.TryAdd("OTEL_RESOURCE_ATTRIBUTES", $"service.instance.id={instance.Suffix}");
    }

    /// <summary>A value as the programs of a resource see it: a container reaches others by other names.</summary>
    public static string Resolve(object value, Resource resource) => value switch
    {
        string text => text,
        ReferenceExpression expression => expression.Format(part => Resolve(part, resource)),
        EndpointReference endpoint => Resolve(endpoint.Property(EndpointProperty.Url), resource),
        EndpointReferenceExpression part when resource is ContainerResource => ContainerLaunch.AddressOf(part),
        IValueProvider provider => provider.GetValue() ?? "",
        _ => throw new UnreachableException($"BUG: a value of type {value.GetType()} cannot be resolved."),
    };

    private static string DotnetRoot()
    {
        string configured = Environment.GetEnvironmentVariable("DOTNET_ROOT") ?? "";
        // …/shared/Microsoft.NETCore.App/10.0.0/
        return configured.Length > 0 ? configured : Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
    }

    private static string DotnetPath()
    {
        string path = Path.Combine(DotnetRoot(), OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        return File.Exists(path) ? path : "dotnet";
    }
}

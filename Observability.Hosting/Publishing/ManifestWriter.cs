using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Aspire.Hosting.Publishing;

/// <summary>The graph in the form that deployment tools read: what each resource is, and expressions for what is known only where it runs.</summary>
internal sealed class ManifestWriter(DistributedApplicationExecutionContext executionContext, string directory)
{
    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public string Write(IReadOnlyList<Resource> resources)
    {
        var described = new JsonObject();
        foreach (Resource resource in resources)
        {
            described[resource.Name] = Describe(resource);
        }
        return new JsonObject { ["resources"] = described }.ToJsonString(Format);
    }

    private JsonObject Describe(Resource resource) => resource switch
    {
        ParameterResource parameter => Parameter(parameter),
        ProjectResource project => Project(project),
        ContainerResource container => Container(container),
        ViteAppResource page => Page(page),
        _ => new JsonObject { ["error"] = "This resource does not support generation in the manifest." },
    };

    private static JsonObject Parameter(ParameterResource parameter)
    {
        var input = new JsonObject { ["type"] = "string" };
        if (parameter.Secret)
        {
            input["secret"] = true;
        }
        return new JsonObject
        {
            ["type"] = "parameter.v0",
            ["value"] = $"{{{parameter.Name}.inputs.value}}",
            ["inputs"] = new JsonObject { ["value"] = input },
        };
    }

    private JsonObject Project(ProjectResource project)
    {
        var described = new JsonObject { ["type"] = "project.v1", ["path"] = Relative(project.ProjectPath) };
        AddArguments(described, project);
        if (project.ContainerFiles.Count > 0)
        {
            described["containerFiles"] = new JsonObject(project.ContainerFiles.Select(files => KeyValuePair.Create(files.Source.Name, (JsonNode?)new JsonObject
            {
                ["destination"] = files.DestinationPath,
                ["sources"] = new JsonArray(ViteDockerfile.FilesPath),
            })));
        }
        return AddEnvironmentAndBindings(described, project);
    }

    private JsonObject Container(ContainerResource container)
    {
        var described = new JsonObject { ["type"] = "container.v1", ["image"] = container.Image };
        AddArguments(described, container);
        foreach (IGrouping<bool, ContainerMount> mounts in container.Mounts.GroupBy(mount => mount.IsBind).OrderByDescending(group => group.Key))
        {
            described[mounts.Key ? "bindMounts" : "volumes"] = new JsonArray([.. mounts.Select(mount => new JsonObject
            {
                [mount.IsBind ? "source" : "name"] = mount.IsBind ? Relative(mount.Source) : mount.Source,
                ["target"] = mount.Target,
                ["readOnly"] = mount.IsReadOnly,
            })]);
        }
        return AddEnvironmentAndBindings(described, container);
    }

    private JsonObject Page(ViteAppResource page)
    {
        var build = new JsonObject
        {
            ["context"] = Relative(page.WorkingDirectory),
            ["dockerfile"] = ViteDockerfile.NameOf(page),
            ["buildOnly"] = true,
        };
        return AddEnvironmentAndBindings(new JsonObject { ["type"] = "container.v1", ["build"] = build }, page);
    }

    private static void AddArguments(JsonObject described, Resource resource)
    {
        if (resource.Arguments.Count > 0)
        {
            described["args"] = new JsonArray([.. resource.Arguments.Select(argument => (JsonNode?)Expression(argument))]);
        }
    }

    private JsonObject AddEnvironmentAndBindings(JsonObject described, Resource resource)
    {
        OrderedDictionary<string, object> variables = EnvironmentContext.Collect(resource, executionContext).Variables;
        if (variables.Count > 0)
        {
            described["env"] = new JsonObject(variables.Select(variable => KeyValuePair.Create(variable.Key, (JsonNode?)Expression(variable.Value))));
        }
        if (resource.Endpoints.Count > 0)
        {
            described["bindings"] = new JsonObject(resource.Endpoints.Select(endpoint => KeyValuePair.Create(endpoint.Name, (JsonNode?)Binding(endpoint))));
        }
        return described;
    }

    private static JsonObject Binding(EndpointAnnotation endpoint)
    {
        var binding = new JsonObject
        {
            ["scheme"] = endpoint.UriScheme,
            ["protocol"] = "tcp",
            ["transport"] = endpoint.Transport,
        };
        if (endpoint.Port is { } port && port != endpoint.AllocatedPort)
        {
            binding["port"] = port;
        }
        binding["targetPort"] = endpoint.AllocatedPort;
        if (endpoint.IsExternal)
        {
            binding["external"] = true;
        }
        return binding;
    }

    private static string Expression(object value) => value as string ?? ((IManifestExpressionProvider)value).ValueExpression;
    private string Relative(string path) => Path.GetRelativePath(directory, path).Replace('\\', '/');
}

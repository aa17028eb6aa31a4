using Google.Protobuf.Reflection;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Observability.Aggregator.Grpc.Reflection;

/// <summary>Files by name, and by the full name of everything they declare. Built once.</summary>
internal sealed class DescriptorIndex
{
    private readonly Dictionary<string, FileDescriptor> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FileDescriptor> _bySymbol = new(StringComparer.Ordinal);
    private readonly HashSet<string> _messages = new(StringComparer.Ordinal);

    public DescriptorIndex(IEnumerable<FileDescriptor> files)
    {
        foreach (FileDescriptor file in files)
        {
            Add(file);
        }
    }

    public FileDescriptor? FindFile(string name) => _byName.GetValueOrDefault(name);

    public FileDescriptor? FindSymbol(string fullName) => _bySymbol.GetValueOrDefault(fullName);

    public bool HasMessage(string fullName) => _messages.Contains(fullName);

    /// <summary>The file, then everything it imports, each once.</summary>
    public static IReadOnlyList<FileDescriptor> WithImports(FileDescriptor file)
    {
        var files = new List<FileDescriptor> { file };
        for (int index = 0; index < files.Count; index++)
        {
            files.AddRange(files[index].Dependencies.Where(import => !files.Contains(import)).Distinct());
        }
        return files;
    }

    private void Add(FileDescriptor file)
    {
        if (!_byName.TryAdd(file.Name, file))
        {
            return;
        }
        foreach (FileDescriptor import in file.Dependencies)
        {
            Add(import);
        }
        foreach (ServiceDescriptor service in file.Services)
        {
            _bySymbol[service.FullName] = file;
            AddAll(service.Methods, file);
        }
        AddEnums(file.EnumTypes, file);
        foreach (MessageDescriptor message in file.MessageTypes)
        {
            Add(message, file);
        }
    }

    private void Add(MessageDescriptor message, FileDescriptor file)
    {
        _bySymbol[message.FullName] = file;
        _messages.Add(message.FullName);
        AddAll(message.Fields.InDeclarationOrder(), file);
        AddAll(message.Oneofs, file);
        AddEnums(message.EnumTypes, file);
        foreach (MessageDescriptor nested in message.NestedTypes)
        {
            Add(nested, file);
        }
    }

    private void AddEnums(IEnumerable<EnumDescriptor> enums, FileDescriptor file)
    {
        foreach (EnumDescriptor descriptor in enums)
        {
            _bySymbol[descriptor.FullName] = file;
            // In protobuf a value is a sibling of its enum: package.VALUE, not package.Enum.VALUE.
            string scope = descriptor.FullName[..^descriptor.Name.Length];
            foreach (EnumValueDescriptor value in descriptor.Values)
            {
                _bySymbol[scope + value.Name] = file;
            }
        }
    }

    private void AddAll(IEnumerable<IDescriptor> descriptors, FileDescriptor file)
    {
        foreach (IDescriptor descriptor in descriptors)
        {
            _bySymbol[descriptor.FullName] = file;
        }
    }
}

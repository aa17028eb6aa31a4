namespace Observability.Aggregator.Ingest;

/// <summary>Why a batch is malformed: the field's path from the batch down, and what is wrong with it. Text is built only for a malformed batch.</summary>
internal sealed class WireFault
{
    private string _path = "";
    private string _what = "";

    public string Path => _path;

    /// <summary>The path and what is wrong, as a sentence without its end.</summary>
    public override string ToString() => $"{_path} {_what}";

    public bool At(string field, string? what)
    {
        _path = field;
        _what = what ?? "cannot be read";
        return false;
    }

    /// <summary>Puts the name of the enclosing field before the path.</summary>
    public bool Within(string field)
    {
        _path = _path.Length == 0 ? field : field + "." + _path;
        return false;
    }

    public bool Within(string field, int index) => Within($"{field}[{index}]");

    /// <summary>A tag that no case handles. A known field number with a foreign wire type is a fault: skipping it would lose data silently.</summary>
    public bool Unknown(ref WireReader reader, uint tag, ReadOnlySpan<string> fields)
    {
        uint field = tag >> 3;
        if (field <= (uint)fields.Length)
        {
            return At(fields[(int)field - 1], $"has wire type {tag & 7}, which is not its own");
        }
        return reader.TrySkip(tag) || At($"field {field}", reader.Fault);
    }
}

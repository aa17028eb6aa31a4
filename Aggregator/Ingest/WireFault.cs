namespace Observability.Aggregator.Ingest;

/// <summary>What makes a batch malformed: the field's path from the batch down, and what is wrong with it. Built only when it is.</summary>
internal sealed class WireFault
{
    private string _path = "";
    private string _what = "";

    public string Path => _path;

    /// <summary>The path and what is wrong, as a sentence without its end.</summary>
    public override string ToString() => $"{_path} {_what}";

    /// <summary>Nothing is wrong: the scan ends to begin again with room to put pieces together.</summary>
    public bool NeedsRoom { get; private set; }

    public bool AskForRoom()
    {
        NeedsRoom = true;
        return false;
    }

    public bool At(string field, string? what)
    {
        NeedsRoom = false;
        _path = field;
        _what = what ?? "cannot be read";
        return false;
    }

    /// <summary>The fault lies within this field.</summary>
    public bool Within(string field)
    {
        if (!NeedsRoom)
        {
            _path = _path.Length == 0 ? field : field + "." + _path;
        }
        return false;
    }

    public bool Within(string field, int index) => !NeedsRoom && Within($"{field}[{index}]");

    /// <summary>A tag that no case knows: a known number with another wire type is told, since skipping it would lose data silently.</summary>
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

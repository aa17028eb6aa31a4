using System.ComponentModel.DataAnnotations;

namespace Observability.Aggregator.Snapshots;

public sealed class SnapshotOptions
{
    public const string Section = "Snapshot";

    /// <summary>Where the history is written when the process is asked to end, and read from when it starts. Empty: nowhere.</summary>
    public string Directory { get; init; } = "";

    /// <summary>Bytes of history in the file: the oldest goes first. Bounds how long stopping and starting take.</summary>
    [Range(1024 * 1024, 16L * 1024 * 1024 * 1024)] public long BytesMax { get; init; } = 256L * 1024 * 1024;
}

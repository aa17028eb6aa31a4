using System.Runtime.CompilerServices;

namespace Observability.Aggregator.Tests.Streaming;

/// <summary>
/// The frames of proto/golden, byte for byte. They change only with the version of the layout; after a deliberate change run these tests once
/// with UPDATE_GOLDEN=1 and review the difference.
/// </summary>
public sealed class GoldenFrameTests
{
    private static readonly bool Update = Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1";

    public static TheoryData<string> Names => [.. GoldenFrames.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Encode_ForEachGoldenFrame_IsByteForByteTheFile(string name)
    {
        byte[] encoded = GoldenFrames.All[name].Make();
        string path = Path.Combine(Folder(), $"frame-{name}.bin");
        if (Update)
        {
            File.WriteAllBytes(path, encoded);
        }
        Assert.Equal(File.ReadAllBytes(path), encoded);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Decode_ForEachGoldenFrame_HoldsWhatTheJsonSays(string name)
    {
        string json = GoldenJson.Write(GoldenFrames.All[name].Description, DecodedFrame.Decode(GoldenFrames.All[name].Make()));
        string path = Path.Combine(Folder(), $"frame-{name}.json");
        if (Update)
        {
            File.WriteAllText(path, json);
        }
        Assert.Equal(File.ReadAllText(path), json);
    }

    [Fact]
    public void Files_InTheFolder_AllHaveACase()
    {
        string[] files = [.. Directory.GetFiles(Folder(), "frame-*.bin").Select(path => Path.GetFileNameWithoutExtension(path)["frame-".Length..]).Order(StringComparer.Ordinal)];
        Assert.Equal(GoldenFrames.All.Keys.Order(StringComparer.Ordinal), files);
    }

    private static string Folder([CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "..", "proto", "golden"));
}

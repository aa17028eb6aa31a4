using System.Runtime.CompilerServices;
using System.Text;
using Google.Protobuf;
using Observability.Protocol.V1;

namespace Observability.Aggregator.Tests.Ingest;

/// <summary>
/// The batches of proto/golden, byte for byte: for encoders and decoders in any language. They never change, because the contract does not; for
/// a new one run these tests once with UPDATE_GOLDEN=1.
/// </summary>
public sealed class GoldenBatchTests
{
    private static readonly JsonFormatter Json = new(JsonFormatter.Settings.Default.WithIndentation());

    public static TheoryData<string> Names => [.. GoldenBatches.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void GoldenBatch_OfThisName_IsWhatItsJsonSays(string name)
    {
        TelemetryBatch batch = GoldenBatches.All[name]();
        string path = Path.Combine(Folder(), name);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllBytes(path + ".bin", batch.ToByteArray());
            File.WriteAllText(path + ".json", Json.Format(batch) + "\n", new UTF8Encoding(false));
        }
        byte[] bytes = File.ReadAllBytes(path + ".bin");

        Assert.Equal(Convert.ToHexString(bytes), Convert.ToHexString(batch.ToByteArray()));
        Assert.Equal(batch, TelemetryBatch.Parser.ParseJson(File.ReadAllText(path + ".json")));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void GoldenBatch_Decoded_StoresWhatTheContractSays(string name)
    {
        DecoderBench bench = new();
        ReferenceIngest reference = new();
        foreach (string file in name is "batch-ticks" or "batch-replay" ? new[] { "batch-declare", name } : [name])
        {
            byte[] bytes = File.ReadAllBytes(Path.Combine(Folder(), file + ".bin"));
            (long Applied, long Rejected)? expected = reference.Apply(TelemetryBatch.Parser.ParseFrom(bytes));
            Aggregator.Ingest.BatchOutcome actual = bench.ApplyWhole(bytes);
            Assert.Equal(expected, (actual.Applied, actual.Rejected));
            Assert.Equal(0, actual.Rejected);
        }
        Assert.Equal(reference.Content, StoreContent.Of(bench.Store));
    }

    private static string Folder([CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "..", "proto", "golden"));
}

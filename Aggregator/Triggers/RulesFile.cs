using System.Text.Json;

namespace Observability.Aggregator.Triggers;

/// <summary>
/// The rules made through the API, on disk: written whole beside the old file and put in its place, so that a crash leaves one or the other.
/// A file that cannot be read is set aside, never overwritten.
/// </summary>
internal sealed partial class RulesFile(TriggerOptions options, ILogger<RulesFile> logger)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
    };

    public bool IsKept => options.RulesFile.Length > 0;

    public IReadOnlyList<TriggerDefinition> Read()
    {
        if (!IsKept || !File.Exists(options.RulesFile))
        {
            return [];
        }
        try
        {
            using FileStream file = File.OpenRead(options.RulesFile);
            return JsonSerializer.Deserialize<List<TriggerDefinition>>(file, Json) ?? [];
        }
        catch (JsonException damaged)
        {
            string aside = options.RulesFile + ".damaged";
            File.Move(options.RulesFile, aside, overwrite: true);
            Log.Damaged(logger, options.RulesFile, damaged.Message, aside);
            return [];
        }
    }

    /// <summary>Null when they are kept, or need not be; else why not.</summary>
    public string? Write(IEnumerable<TriggerDefinition> rules)
    {
        if (!IsKept)
        {
            return null;
        }
        string fresh = options.RulesFile + ".new";
        try
        {
            File.WriteAllBytes(fresh, JsonSerializer.SerializeToUtf8Bytes(rules, Json));
            File.Move(fresh, options.RulesFile, overwrite: true);
            return null;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            Log.NotKept(logger, options.RulesFile, failed.Message);
            return failed.Message;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "Cannot read the rules in {File}: {Reason} It is now {Aside}; the aggregator goes on without its rules.")]
        public static partial void Damaged(ILogger logger, string file, string reason, string aside);

        [LoggerMessage(LogLevel.Error, "Cannot keep the rules in {File}: {Reason}")]
        public static partial void NotKept(ILogger logger, string file, string reason);
    }
}

using Observability.Stress.Processes;

namespace Observability.Stress.FanOut;

/// <summary>What the aggregator itself says of its frames between two moments, from its /metrics: nothing of the viewers' scheduling is in it.</summary>
internal sealed class ServerStamps
{
    private const string Bucket = "_bucket";

    private readonly string _before;
    private readonly string _after;

    private ServerStamps(string before, string after)
    {
        _before = before;
        _after = after;
    }

    public static async Task<Func<Task<ServerStamps>>> BeginAsync(ServerProcess server)
    {
        string before = await server.Http.GetStringAsync(server.Metrics);
        return async () => new ServerStamps(before, await server.Http.GetStringAsync(server.Metrics));
    }

    public double Count(string family, string label = "") => ServerProcess.Sum(_after, family, label) - ServerProcess.Sum(_before, family, label);

    /// <summary>The bound of the bucket that this share of the durations ends in, in ms.</summary>
    public string AtMostMs(string family, double share)
    {
        double wanted = share * Count(family + "_count");
        foreach (string line in _after.Split('\n').Where(line => line.StartsWith(family + Bucket, StringComparison.Ordinal)))
        {
            string label = line[line.IndexOf('{', StringComparison.Ordinal)..(line.IndexOf('}', StringComparison.Ordinal) + 1)];
            if (Count(family + Bucket, label) >= wanted)
            {
                string bound = label.Split("le=\"")[1].Split('"')[0];
                return double.TryParse(bound, System.Globalization.CultureInfo.InvariantCulture, out double seconds)
                    ? FormattableString.Invariant($"<= {seconds * 1000:0.##}") : "> 1000";
            }
        }
        return "none";
    }
}

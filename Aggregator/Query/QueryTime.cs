using System.Globalization;

namespace Observability.Aggregator.Query;

/// <summary>Times and durations as the HTTP API takes them.</summary>
internal static class QueryTime
{
    public const string TimeAllowed = "nanoseconds since the Unix epoch, an ISO 8601 time, 'now' or 'now-<duration>'";
    public const string DurationAllowed = "a whole number with ns, us, ms, s, m or h behind it";

    private static readonly (string Unit, long Ns)[] Units =
        [("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000)];

    public static bool TryParseTime(string text, long nowNs, out long timeNs)
    {
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out timeNs))
        {
            return true;
        }
        if (text == "now")
        {
            timeNs = nowNs;
            return true;
        }
        if (text.StartsWith("now-", StringComparison.Ordinal) && TryParseDuration(text.AsSpan(4), out long backNs))
        {
            timeNs = nowNs - backNs;
            return true;
        }
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time))
        {
            timeNs = (time.UtcTicks - DateTime.UnixEpoch.Ticks) * 100;
            return true;
        }
        return false;
    }

    public static bool TryParseDuration(ReadOnlySpan<char> text, out long durationNs)
    {
        durationNs = 0;
        int digits = text.IndexOfAnyExceptInRange('0', '9');
        if (digits <= 0 || !long.TryParse(text[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out long number))
        {
            return false;
        }
        foreach ((string unit, long ns) in Units)
        {
            if (text[digits..].SequenceEqual(unit) && number <= long.MaxValue / ns)
            {
                durationNs = number * ns;
                return true;
            }
        }
        return false;
    }
}

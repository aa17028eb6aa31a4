using System.Globalization;

namespace Observability.Protocol;

/// <summary>The header grpc-timeout: at most eight digits and a unit (H, M, S, m, u, n).</summary>
public static class GrpcTimeout
{
    private const int DigitsMax = 8;
    private const long ValueMax = 99_999_999;
    private const long NanosecondsPerTick = 100;

    /// <summary>Reads the header. A part of 100 ns rounds up, so that a timeout never becomes shorter than asked.</summary>
    public static bool TryParse(ReadOnlySpan<char> header, out TimeSpan timeout)
    {
        timeout = TimeSpan.Zero;
        if (header.Length is < 2 or > DigitsMax + 1
            || !long.TryParse(header[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out long value))
        {
            return false;
        }
        // 99,999,999 hours are 3.6e18 ticks: every product below fits a long.
        long ticks = header[^1] switch
        {
            'H' => value * TimeSpan.TicksPerHour,
            'M' => value * TimeSpan.TicksPerMinute,
            'S' => value * TimeSpan.TicksPerSecond,
            'm' => value * TimeSpan.TicksPerMillisecond,
            'u' => value * TimeSpan.TicksPerMicrosecond,
            'n' => (value + NanosecondsPerTick - 1) / NanosecondsPerTick,
            _ => -1,
        };
        timeout = new TimeSpan(Math.Max(0, ticks));
        return ticks >= 0;
    }

    /// <summary>Writes the finest unit that eight digits can hold. A timeout that has passed is sent as the smallest possible one.</summary>
    public static string Format(TimeSpan timeout)
    {
        long ticks = timeout.Ticks;
        if (ticks <= 0)
        {
            return "1n";
        }
        if (ticks <= ValueMax / NanosecondsPerTick)
        {
            return Format(ticks * NanosecondsPerTick, 'n');
        }
        ReadOnlySpan<(long TicksPerUnit, char Unit)> units =
        [
            (TimeSpan.TicksPerMicrosecond, 'u'), (TimeSpan.TicksPerMillisecond, 'm'), (TimeSpan.TicksPerSecond, 'S'),
            (TimeSpan.TicksPerMinute, 'M'), (TimeSpan.TicksPerHour, 'H'),
        ];
        foreach ((long ticksPerUnit, char unit) in units)
        {
            long value = ((ticks - 1) / ticksPerUnit) + 1;
            if (value <= ValueMax)
            {
                return Format(value, unit);
            }
        }
        return Format(ValueMax, 'H');
    }

    private static string Format(long value, char unit) => string.Create(CultureInfo.InvariantCulture, $"{value}{unit}");
}

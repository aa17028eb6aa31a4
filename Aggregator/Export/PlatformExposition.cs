using System.Text;
using Observability.Aggregator.Diagnostics;
using Prometheus;

namespace Observability.Aggregator.Export;

/// <summary>
/// The platform's own families as prometheus-net writes them, with one addition: in OpenMetrics their counters and histograms tell that they began
/// with the process. Used under the exporter's lock.
/// </summary>
internal sealed class PlatformExposition(PlatformMetrics metrics, double createdSeconds)
{
    private const int InitialBytes = 32 * 1024;

    /// <summary>Every family with its type, whether it has a sample yet or not.</summary>
    public async Task<IReadOnlyList<(string Name, FamilyType Type)>> FamiliesAsync() =>
        [.. Encoding.UTF8.GetString((await CollectAsync(ExpositionFormat.PrometheusText)).Span).Split('\n')
            .Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal))
            .Select(line => line.Split(' '))
            .Select(words => (words[2], Enum.Parse<FamilyType>(words[3], ignoreCase: true)))];

    /// <summary>To the end of the exposition: in OpenMetrics the last line is its end mark.</summary>
    public async Task WriteAsync(ExpositionBuffer buffer, ExpositionFormat format)
    {
        ReadOnlyMemory<byte> text = await CollectAsync(format);
        if (format == ExpositionFormat.OpenMetricsText)
        {
            AppendWithCreated(buffer, text.Span);
        }
        else
        {
            buffer.Append(text.Span);
        }
    }

    private async Task<ReadOnlyMemory<byte>> CollectAsync(ExpositionFormat format)
    {
        using var text = new MemoryStream(InitialBytes);
        await metrics.Registry.CollectAndExportAsTextAsync(text, format);
        return text.GetBuffer().AsMemory(0, (int)text.Length);
    }

    private void AppendWithCreated(ExpositionBuffer buffer, ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> name = default;
        ReadOnlySpan<byte> markedSuffix = default;
        while (!text.IsEmpty)
        {
            ReadOnlySpan<byte> line = text[..(text.IndexOf((byte)'\n') + 1)];
            text = text[line.Length..];
            buffer.Append(line);
            if (line.StartsWith("# TYPE "u8))
            {
                ReadOnlySpan<byte> family = line["# TYPE "u8.Length..];
                name = family[..family.IndexOf((byte)' ')];
                markedSuffix = line.EndsWith(" counter\n"u8) ? "_total"u8 : line.EndsWith(" histogram\n"u8) ? "_count"u8 : default;
            }
            else if (!markedSuffix.IsEmpty && line.StartsWith(name) && line[name.Length..].StartsWith(markedSuffix))
            {
                buffer.Append(name);
                buffer.Append("_created"u8);
                buffer.Append(line[(name.Length + markedSuffix.Length)..(line.LastIndexOf((byte)' ') + 1)]);
                buffer.AppendNumber(createdSeconds);
                buffer.Append((byte)'\n');
            }
        }
    }
}

using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Observability.Aggregator.Export;
using Prometheus;

namespace Observability.Aggregator.Tests.Export;

/// <summary>A strict reader of text format 0.0.4: what it does not understand fails the test.</summary>
internal sealed partial class ScrapedText
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    public Dictionary<string, string> Types { get; } = new(StringComparer.Ordinal);

    public double this[string sample] => Number(_values.TryGetValue(sample, out string? value) ? value : throw new KeyNotFoundException($"no sample {sample}"));

    public IReadOnlyCollection<string> Samples => _values.Keys;

    public bool Has(string sample) => _values.ContainsKey(sample);

    public static ScrapedText Of(Exporter exporter) => Parse(TextOf(exporter, ExpositionFormat.PrometheusText));

    public static string TextOf(Exporter exporter, ExpositionFormat format)
    {
        var buffer = new ExpositionBuffer();
        // Written to memory, it has completed when it returns.
        Task written = exporter.WriteAsync(buffer, format, TestContext.Current.CancellationToken);
        Assert.True(written.IsCompletedSuccessfully, written.Exception?.Message);
        return Encoding.UTF8.GetString(buffer.Written.Span);
    }

    public static ScrapedText Parse(string text)
    {
        var scraped = new ScrapedText();
        string family = "";
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        foreach (string line in text.TrimEnd('\n').Split('\n'))
        {
            if (line.StartsWith("# HELP ", StringComparison.Ordinal))
            {
                family = line.Split(' ', 4)[2];
                Assert.True(line.Split(' ', 4)[3].Length > 0, line);
                continue;
            }
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                string[] parts = line.Split(' ');
                Assert.Equal(family, parts[2]);
                Assert.Contains(parts[3], new[] { "counter", "gauge", "histogram", "summary", "untyped" });
                Assert.True(scraped.Types.TryAdd(family, parts[3]), $"family {family} appears twice");
                continue;
            }
            Match match = Sample().Match(line);
            Assert.True(match.Success, $"line does not parse: {line}");
            string name = match.Groups["name"].Value;
            string suffix = name[int.Min(name.Length, family.Length)..];
            Assert.True(name.StartsWith(family, StringComparison.Ordinal) && suffix is "" or "_bucket" or "_sum" or "_count", $"{name} stands in family {family}");
            Number(match.Groups["value"].Value);
            Assert.True(scraped._values.TryAdd(line[..line.LastIndexOf(' ')], match.Groups["value"].Value), $"sample appears twice: {line}");
        }
        return scraped;
    }

    private static double Number(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture),
    };

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-zA-Z_][a-zA-Z0-9_]*="([^"\\]|\\\\|\\"|\\n)*"(,[a-zA-Z_][a-zA-Z0-9_]*="([^"\\]|\\\\|\\"|\\n)*")*\})? (?<value>\S+)$""")]
    private static partial Regex Sample();
}

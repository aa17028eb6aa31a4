using Observability.Aggregator.Selectors;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Tests.Selectors;

public sealed class SelectorTests
{
    [Theory]
    [InlineData("rps", "rps")]
    [InlineData("  rps  ", "rps")]
    [InlineData("rps{}", "rps")]
    [InlineData("{}", "{}")]
    [InlineData("job:rps:rate5m", "job:rps:rate5m")]
    [InlineData("rps{service=\"a\"}", "rps{service=\"a\"}")]
    [InlineData("rps { b = 'x' , a != `y` , }", "rps{a!=\"y\",b=\"x\"}")]
    [InlineData("{a=~\"x.*\",a!~\"xy\",a=~\"x.*\"}", "{a=~\"x.*\",a!~\"xy\"}")]
    [InlineData("{__name__=\"rps\"}", "rps")]
    [InlineData("{__name__=~\"rps|latency\"}", "{__name__=~\"rps|latency\"}")]
    [InlineData("{\"http.server.duration\",\"http.route\"=\"/\"}", "{__name__=\"http.server.duration\",\"http.route\"=\"/\"}")]
    [InlineData("{\"rps\"}", "rps")]
    [InlineData("{a=\"\\\\ \\\" \\n \\x41 \\101 \\u00e9 \\U0001F600 \\xc3\\xa9\"}", "{a=\"\\\\ \\\" \\n A A é 😀 é\"}")]
    [InlineData("{a='it\\'s \"quoted\"'}", "{a=\"it's \\\"quoted\\\"\"}")]
    [InlineData("{a=`raw \\n`}", "{a=\"raw \\\\n\"}")]
    public void TryParse_ValidText_HasOneCanonicalForm(string text, string canonical)
    {
        Assert.True(Selector.TryParse(text, out Selector? selector, out string error), error);
        Assert.Equal(canonical, selector!.ToString());
        Assert.True(Selector.TryParse(canonical, out Selector? again, out error), error);
        Assert.Equal(canonical, again!.ToString());
    }

    [Theory]
    [InlineData("", 1, "expected a metric name or '{', found the end; {} means every series")]
    [InlineData("5xx", 1, "expected a metric name or '{', found '5'; {} means every series")]
    [InlineData("rps{", 5, "expected a label name or '}', found the end")]
    [InlineData("rps{service", 12, "expected '=', '!=', '=~' or '!~' after label service, found the end")]
    [InlineData("rps{service>\"a\"}", 12, "expected '=', '!=', '=~' or '!~' after label service, found '>'")]
    [InlineData("rps{service=a}", 13, "expected a quoted value after service=, found 'a'")]
    [InlineData("rps{service=\"a}", 16, "expected the closing \" of the text that begins at character 13, found the end")]
    [InlineData("rps{service=\"a\" b=\"c\"}", 17, "expected ',' or '}', found 'b'")]
    [InlineData("rps{service=\"a\",,}", 17, "expected a label name or '}', found ','")]
    [InlineData("rps{a=\"b\"}[5m]", 11, "expected the selector's end, found '['")]
    [InlineData("rps latency", 5, "expected the selector's end, found 'l'")]
    [InlineData("rps{__name__=\"x\"}", 5, "expected no second metric name: it is set already")]
    [InlineData("rps{\"x\"}", 5, "expected no second metric name: it is set already")]
    [InlineData("{a=\"\\q\"}", 5, "expected a known escape after '\\' (one of a b f n r t v \\ x u U, three octal digits, or the quote)")]
    [InlineData("{a=\"\\x4\"}", 5, "expected 2 hexadecimal digits in the escape")]
    [InlineData("{a=\"\\ud800\"}", 5, "expected a Unicode character in the escape")]
    [InlineData("{a=\"\\777\"}", 5, "expected an octal escape of at most \\377")]
    [InlineData("{a=\"\\xff\"}", 4, "expected a text whose escaped bytes are UTF-8")]
    [InlineData("{a=\"x\ny\"}", 6, "expected the closing quote before the line's end")]
    [InlineData("{a=~\"[\"}", 5, "the regular expression is wrong at its character 1: UnterminatedBracket")]
    [InlineData("{a=~\"a)(b\"}", 5, "the regular expression is wrong at its character 2: InsufficientOpeningParentheses")]
    [InlineData("{a=~\"[[:alpha:]]+\"}", 5, "a class such as [[:alpha:]] is not known here: write [a-zA-Z]")]
    public void TryParse_InvalidText_SaysWhereAndWhatWasExpected(string text, int character, string expected)
    {
        Assert.False(Selector.TryParse(text, out Selector? selector, out string error));
        Assert.Null(selector);
        Assert.Equal($"Cannot read selector at character {character}: {expected}.", error);
    }

    [Theory]
    [InlineData("{a=~\"(?=x)\"}")]
    [InlineData("{a=~\"(x)\\\\1\"}")]
    [InlineData("{a=~\"((a{1000}){1000}){1000}\"}")]
    public void TryParse_RegexThatIsNotLinear_IsRefused(string text)
    {
        Assert.False(Selector.TryParse(text, out _, out string error));
        Assert.Contains("cannot be matched in linear time", error, StringComparison.Ordinal);
    }

    [Fact]
    public void TryParse_AtEachLimitAndOnePast_IsReadOrRefused()
    {
        Assert.True(Parses($"{{a=\"{new string('x', SelectorLimits.TextLengthMax - 6)}\"}}"));
        Assert.False(Parses($"{{a=\"{new string('x', SelectorLimits.TextLengthMax - 5)}\"}}"));
        Assert.True(Parses($"{{a=~\"{new string('x', SelectorLimits.RegexLengthMax)}\"}}"));
        Assert.False(Parses($"{{a=~\"{new string('x', SelectorLimits.RegexLengthMax + 1)}\"}}"));
        Assert.True(Parses($"{{{string.Join(',', Enumerable.Range(0, SelectorLimits.MatchersMax).Select(i => $"l{i}=\"\""))}}}"));
        Assert.False(Parses($"{{{string.Join(',', Enumerable.Range(0, SelectorLimits.MatchersMax + 1).Select(i => $"l{i}=\"\""))}}}"));
    }

    [Theory]
    [InlineData("latency_p99", true)]
    [InlineData("latency", false)]
    [InlineData("latency_p99{service=\"checkout\"}", true)]
    [InlineData("{service=\"checkout\",instance=\"c-1\"}", true)]
    [InlineData("{service!=\"checkout\"}", false)]
    [InlineData("{route=~\"/api/.*\"}", true)]
    [InlineData("{route=~\"/api/\"}", false)]           // Anchored at the end,
    [InlineData("{route=~\"api/.*\"}", false)]           // and at the start.
    [InlineData("{route=~\"/other|/api/cart\"}", true)]
    [InlineData("{route!~\"/api/.*\"}", false)]
    [InlineData("{missing=\"\"}", true)]
    [InlineData("{missing!=\"\"}", false)]
    [InlineData("{missing=~\".*\"}", true)]
    [InlineData("{missing=~\".+\"}", false)]
    [InlineData("{__name__=~\"latency_.*\"}", true)]
    [InlineData("{text=~\"two.lines\"}", true)]
    [InlineData("{text=~\"two\"}", false)]
    [InlineData("{}", true)]
    public void Matches_Series_FollowsPromQl(string text, bool expected)
    {
        TelemetryStore store = new(new StorageOptions(), 1);
        store.Catalog.TryAddSeries(
            store.Catalog.OpenWriter("checkout", "c-1"), "latency_p99", LabelSet.From(("route", "/api/cart"), ("text", "two\nlines")), SeriesKind.Gauge, "ms", out Series? series);
        Assert.True(Selector.TryParse(text, out Selector? selector, out string error), error);

        Assert.Equal(expected, selector!.Matches(series!));
    }

    [Fact]
    public void Matches_HostileRegexAndValue_TakesLinearTime()
    {
        TelemetryStore store = new(new StorageOptions { LabelValueBytesMax = 65_536 }, 1);
        store.Catalog.TryAddSeries(store.Catalog.OpenWriter("s", "i"), "m", LabelSet.From(("a", new string('a', 60_000) + "!")), SeriesKind.Gauge, "", out Series? series);
        Assert.True(Selector.TryParse("{a=~\"(a+)+|(a|aa)+b\"}", out Selector? selector, out _));

        // A backtracking engine would not end within the age of the universe.
        Assert.False(selector!.Matches(series!));
    }

    [Fact]
    public void TryParse_RandomText_NeverThrows()
    {
        Random random = new(7);
        const string Alphabet = "ab_:{}=!~\"'`\\,.*+?()[]|xuU0189 \n\ud83d\udd25é";
        for (int i = 0; i < 50_000; i++)
        {
            string text = new([.. Enumerable.Range(0, random.Next(24)).Select(_ => Alphabet[random.Next(Alphabet.Length)])]);
            if (Selector.TryParse(text, out Selector? selector, out string error))
            {
                Assert.True(Selector.TryParse(selector!.ToString(), out Selector? again, out error), $"{text} -> {selector}: {error}");
                Assert.Equal(selector.ToString(), again!.ToString());
            }
            else
            {
                Assert.StartsWith("Cannot read selector at character ", error, StringComparison.Ordinal);
            }
        }
    }

    private static bool Parses(string text) => Selector.TryParse(text, out _, out _);
}

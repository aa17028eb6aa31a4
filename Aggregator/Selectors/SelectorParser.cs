namespace Observability.Aggregator.Selectors;

/// <summary>Reads one selector from left to right. The first thing that does not fit ends it, with its position and what was expected.</summary>
internal ref struct SelectorParser
{
    private readonly ReadOnlySpan<char> _text;
    private readonly List<LabelMatcher> _matchers;
    private int _at;
    private string? _error;

    private SelectorParser(ReadOnlySpan<char> text)
    {
        _text = text;
        _matchers = [];
    }

    public static bool TryParse(string text, out Selector? selector, out string error)
    {
        selector = null;
        if (text.Length > SelectorLimits.TextLengthMax)
        {
            error = $"Cannot read selector: it has {text.Length} characters, {SelectorLimits.TextLengthMax} are allowed.";
            return false;
        }
        SelectorParser parser = new(text);
        if (!parser.Parse())
        {
            error = $"Cannot read selector at character {parser._at + 1}: {parser._error}.";
            return false;
        }
        selector = new Selector(parser._matchers);
        error = "";
        return true;
    }

    private bool Parse()
    {
        SkipSpace();
        bool named = !AtEnd && SelectorText.IsMetricNameStart(Current);
        if (named && !Add(LabelMatcher.MetricName, MatchOperator.Equal, TakeName(metric: true), _at))
        {
            return false;
        }
        SkipSpace();
        if (!AtEnd && Current == '{')
        {
            if (!ParseBraces(named))
            {
                return false;
            }
        }
        else if (!named)
        {
            return Fail($"expected a metric name or '{{', found {Found}; {{}} means every series");
        }
        SkipSpace();
        return AtEnd || Fail($"expected the selector's end, found {Found}");
    }

    private bool ParseBraces(bool named)
    {
        _at++;
        SkipSpace();
        while (AtEnd || Current != '}')
        {
            if (!ParseMatcher(ref named))
            {
                return false;
            }
            SkipSpace();
            if (!AtEnd && Current == ',')
            {
                _at++;
                SkipSpace();
            }
            else if (AtEnd || Current != '}')
            {
                return Fail($"expected ',' or '}}', found {Found}");
            }
        }
        _at++;
        return true;
    }

    private bool ParseMatcher(ref bool named)
    {
        int start = _at;
        bool quoted = !AtEnd && Current is '"' or '\'' or '`';
        string? label;
        if (quoted)
        {
            if (!TakeString(out label))
            {
                return false;
            }
        }
        else if (!AtEnd && SelectorText.IsLabelNameStart(Current))
        {
            label = TakeName(metric: false);
        }
        else
        {
            return Fail($"expected a label name or '}}', found {Found}");
        }
        SkipSpace();
        bool isName = quoted && (AtEnd || Current is ',' or '}');
        if ((isName || label == LabelMatcher.MetricName) && named)
        {
            _at = start;
            return Fail("expected no second metric name: it is set already");
        }
        if (isName)
        {
            named = true;
            return Add(LabelMatcher.MetricName, MatchOperator.Equal, label!, start);
        }
        return TakeOperator(label!, out MatchOperator operation) && ParseValue(label!, operation);
    }

    private bool ParseValue(string label, MatchOperator operation)
    {
        SkipSpace();
        int start = _at;
        if (AtEnd || Current is not ('"' or '\'' or '`'))
        {
            return Fail($"expected a quoted value after {label}{LabelMatcher.Symbol(operation)}, found {Found}");
        }
        return TakeString(out string? value) && Add(label, operation, value!, start);
    }

    private bool Add(string label, MatchOperator operation, string value, int position)
    {
        if (_matchers.Count == SelectorLimits.MatchersMax)
        {
            _at = position;
            return Fail($"expected at most {SelectorLimits.MatchersMax} matchers");
        }
        if (!LabelMatcher.TryCreate(label, operation, value, out LabelMatcher? matcher, out string error))
        {
            _at = position;
            return Fail(error);
        }
        _matchers.Add(matcher!);
        return true;
    }

    private bool TakeOperator(string label, out MatchOperator operation)
    {
        operation = default;
        ReadOnlySpan<char> rest = _text[_at..];
        MatchOperator? found = rest switch
        {
            ['=', '~', ..] => MatchOperator.Regex,
            ['!', '~', ..] => MatchOperator.NotRegex,
            ['!', '=', ..] => MatchOperator.NotEqual,
            ['=', ..] => MatchOperator.Equal,
            _ => null,
        };
        if (found is null)
        {
            return Fail($"expected '=', '!=', '=~' or '!~' after label {label}, found {Found}");
        }
        operation = found.Value;
        _at += LabelMatcher.Symbol(operation).Length;
        return true;
    }

    private bool TakeString(out string? value)
    {
        value = null;
        if (!QuotedText.TryRead(_text, _at, out string read, out int end, out string error))
        {
            _at = end;
            return Fail(error);
        }
        _at = end;
        value = read;
        return true;
    }

    private string TakeName(bool metric)
    {
        int start = _at;
        while (!AtEnd && (metric ? SelectorText.IsMetricNamePart(Current) : SelectorText.IsLabelNamePart(Current)))
        {
            _at++;
        }
        return _text[start.._at].ToString();
    }

    private readonly bool AtEnd => _at >= _text.Length;

    private readonly char Current => _text[_at];

    private readonly string Found => AtEnd ? "the end" : char.IsControl(Current) ? $"character {(int)Current}" : $"'{Current}'";

    private void SkipSpace()
    {
        while (!AtEnd && Current is ' ' or '\t' or '\n' or '\r')
        {
            _at++;
        }
    }

    private bool Fail(string error)
    {
        _error = error;
        return false;
    }
}

using System.Runtime.CompilerServices;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>Text with values in it that are known only when the graph runs: <c>ReferenceExpression.Create($"{endpoint}/path")</c>.</summary>
public sealed class ReferenceExpression : IValueProvider, IManifestExpressionProvider
{
    private readonly string _format;
    private readonly IReadOnlyList<object> _values;

    private ReferenceExpression(string format, IReadOnlyList<object> values)
    {
        _format = format;
        _values = values;
    }

    string IManifestExpressionProvider.ValueExpression => Format(value => ((IManifestExpressionProvider)value).ValueExpression);

    public static ReferenceExpression Create(in ExpressionInterpolatedStringHandler handler) =>
        new ReferenceExpression(handler.FormatText, handler.Values);

    /// <summary>The text, once the graph runs.</summary>
    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken) => new(((IValueProvider)this).GetValue());
    string? IValueProvider.GetValue() => Format(value => ((IValueProvider)value).GetValue());

    /// <summary>Writes the text with each value replaced by what <paramref name="replace"/> makes of it.</summary>
    internal string Format(Func<object, string?> replace) =>
        string.Format(CultureInfo.InvariantCulture, _format, [.. _values.Select(replace)]);

    /// <summary>What the compiler turns an interpolated string into. Literal text becomes the format, references become its values.</summary>
    [InterpolatedStringHandler]
    public readonly ref struct ExpressionInterpolatedStringHandler
    {
        private readonly StringBuilder _format;
        private readonly List<object> _values;

        public ExpressionInterpolatedStringHandler(int literalLength, int formattedCount)
        {
            _format = new StringBuilder(literalLength);
            _values = new List<object>(formattedCount);
        }

        internal string FormatText => _format.ToString();

        internal IReadOnlyList<object> Values => _values;

        public void AppendLiteral(string value)
        {
            _format.Append(value.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal));
        }

        public void AppendFormatted(string? value) => AppendLiteral(value ?? "");

        public void AppendFormatted<T>(T value)
            where T : IValueProvider, IManifestExpressionProvider
        {
            _format.Append(CultureInfo.InvariantCulture, $"{{{_values.Count}}}");
            _values.Add(value);
        }

        public void AppendFormatted<T>(IResourceBuilder<T> value)
            where T : IResource, IValueProvider, IManifestExpressionProvider
        {
            AppendFormatted(value.Resource);
        }
    }
}

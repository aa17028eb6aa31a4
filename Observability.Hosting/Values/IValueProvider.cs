namespace Aspire.Hosting.ApplicationModel;

/// <summary>A value that is known only when the graph runs.</summary>
public interface IValueProvider
{
    internal string? GetValue();
}

/// <summary>A value that a published file refers to by an expression in braces.</summary>
public interface IManifestExpressionProvider
{
    internal string ValueExpression { get; }
}

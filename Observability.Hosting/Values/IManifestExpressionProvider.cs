namespace Aspire.Hosting.ApplicationModel;

/// <summary>A value that a published file refers to by an expression in braces.</summary>
public interface IManifestExpressionProvider
{
    internal string ValueExpression { get; }
}

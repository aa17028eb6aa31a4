namespace Aspire.Hosting.ApplicationModel;

/// <summary>A value that is known only when the graph runs.</summary>
public interface IValueProvider
{
    internal string? GetValue();
}

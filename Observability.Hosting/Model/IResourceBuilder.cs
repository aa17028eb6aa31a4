namespace Aspire.Hosting.ApplicationModel;

/// <summary>What an <c>Add…</c> method returns: the <c>With…</c> methods that configure the resource hang on it.</summary>
public interface IResourceBuilder<out T>
    where T : IResource
{
    IDistributedApplicationBuilder ApplicationBuilder { get; }
    internal T Resource { get; }
}

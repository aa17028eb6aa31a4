namespace Aspire.Hosting.ApplicationModel;

internal sealed class ResourceBuilder<T>(IDistributedApplicationBuilder applicationBuilder, T resource) : IResourceBuilder<T>
    where T : IResource
{
    IDistributedApplicationBuilder IResourceBuilder<T>.ApplicationBuilder => applicationBuilder;

    T IResourceBuilder<T>.Resource => resource;
}

namespace Observability.AppHost.Running;

internal static class Children
{
    private const string ParentRelationship = "Parent";

    /// <summary>Whether the resource only serves another one, as an installer does: it ends when it is done, and has nothing to show.</summary>
    public static bool IsChild(this IResource resource) =>
        resource.Annotations.OfType<ResourceRelationshipAnnotation>().Any(relationship => relationship.Type == ParentRelationship);
}

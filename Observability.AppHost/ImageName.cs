namespace Observability.AppHost;

/// <summary>A container image: where it is found, and its tag.</summary>
internal sealed record ImageName(string Repository, string Tag)
{
    /// <summary>Null when the text has no tag. A colon before the last slash is that of a registry's port.</summary>
    public static ImageName? Parse(string text)
    {
        int colon = text.LastIndexOf(':');
        return colon > 0 && colon > text.LastIndexOf('/') && colon < text.Length - 1 ? new ImageName(text[..colon], text[(colon + 1)..]) : null;
    }

    public override string ToString() => $"{Repository}:{Tag}";
}

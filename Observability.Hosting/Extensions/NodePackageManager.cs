namespace Aspire.Hosting.JavaScript;

internal static class NodePackageManager
{
    public const string Command = "npm";

    public const string MissingRemedy = "Install Node.js (it brings npm): https://nodejs.org/en/download. The rest of the graph runs without it";
}

using System.Text.RegularExpressions;

namespace Aspire.Hosting.Terminal;

/// <summary>Takes out of a program's line what would move the cursor or clear the screen under our table; colours stay where they are wanted.</summary>
internal static partial class LineCleaner
{
    public static string Clean(string line, bool keepColors)
    {
        string cleaned = EscapeSequence().Replace(line, match => keepColors && match.Value[^1] == 'm' ? match.Value : "");
        return ControlCharacter().Replace(cleaned, "");
    }

    /// <summary>CSI sequences, OSC sequences, and two-character escapes.</summary>
    [GeneratedRegex("\u001b(?:\\[[0-9;?]*[ -/]*[@-~]|\\][^\u0007\u001b]*(?:\u0007|\u001b\\\\)|[@-Z\\\\-_])")]
    private static partial Regex EscapeSequence();

    /// <summary>All but tab, and the escape character that begins a colour we kept.</summary>
    [GeneratedRegex("[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f]|\u001b(?!\\[[0-9;]*m)")]
    private static partial Regex ControlCharacter();
}

namespace Aspire.Hosting.Running;

/// <summary>Reads a program's output and hands it on line by line. A line without end is cut, so that no program can fill our memory.</summary>
internal static class LinePump
{
    public const int LineCharactersMax = 16 * 1024;

    private const int ReadCharacters = 4096;

    public static async Task RunAsync(Stream stream, Action<string> onLine)
    {
        using var reader = new StreamReader(stream, Encoding.UTF8);
        char[] buffer = new char[ReadCharacters];
        var line = new StringBuilder();
        int count;
        while ((count = await reader.ReadAsync(buffer)) > 0)
        {
            foreach (char character in buffer.AsSpan(0, count))
            {
                if (character == '\n' || line.Length == LineCharactersMax)
                {
                    Flush(line, onLine);
                }
                if (character is not ('\n' or '\r'))
                {
                    line.Append(character);
                }
            }
        }
        if (line.Length > 0)
        {
            Flush(line, onLine);
        }
    }

    private static void Flush(StringBuilder line, Action<string> onLine)
    {
        onLine(line.ToString());
        line.Clear();
    }
}

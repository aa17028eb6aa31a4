namespace Aspire.Hosting.Terminal;

/// <summary>What the console can do: a live table and colours on a terminal, plain lines in a file or pipe.</summary>
internal sealed record ConsoleStyle(bool IsLive, bool HasColors)
{
    private const string Reset = "\u001b[0m";
    private const string Red = "\u001b[31m";
    private const string Bold = "\u001b[1m";

    /// <summary>Cyan, green, yellow, magenta, blue and their bright kin: readable on dark and light ground.</summary>
    private static readonly string[] Palette = ["\u001b[36m", "\u001b[32m", "\u001b[33m", "\u001b[35m", "\u001b[34m", "\u001b[96m", "\u001b[92m", "\u001b[95m"];

    public static ConsoleStyle Detect()
    {
        bool isTerminal = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not "dumb";
        // https://no-color.org
        bool noColor = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        return new ConsoleStyle(isTerminal, isTerminal && !noColor);
    }

    public string Color(int index, string text) => HasColors ? Palette[index % Palette.Length] + text + Reset : text;
    public string Error(string text) => HasColors ? Red + text + Reset : text;
    public string Strong(string text) => HasColors ? Bold + text + Reset : text;
}

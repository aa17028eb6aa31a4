namespace Aspire.Hosting;

/// <summary>What is wrong with a graph is told to people in words, wherever in Program.cs it is found out: its message and exit code 1,
/// not the runtime's crash report.</summary>
internal static class FatalErrors
{
    private static int _installed;

    public static void TellInWords()
    {
        if (Interlocked.Exchange(ref _installed, 1) == 0)
        {
            AppDomain.CurrentDomain.UnhandledException += (_, unhandled) =>
            {
                if (unhandled.ExceptionObject is DistributedApplicationException exception)
                {
                    Console.Error.WriteLine(exception.Message);
                    Environment.Exit(1);
                }
            };
        }
    }
}

using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Observability.Stress.Processes;

/// <summary>Signals to a process that a trial started.</summary>
internal static class Signals
{
    public const int Terminate = 15;
    public const int Continue = 18;
    public const int Stop = 19;

    public static void Send(int process, int signal)
    {
        if (kill(process, signal) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"Cannot send signal {signal} to process {process}.");
        }
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int kill(int process, int signal);
}

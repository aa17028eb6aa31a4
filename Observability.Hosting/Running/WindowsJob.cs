using System.Runtime.Versioning;

namespace Aspire.Hosting.Running;

/// <summary>Puts this process into a job that Windows ends as a whole when the last handle to it closes, which happens when this
/// process ends, however it ends. Processes started later belong to the job too.</summary>
[SupportedOSPlatform("windows")]
internal static partial class WindowsJob
{
    private const int ExtendedLimitInformationClass = 9;
    private const uint KillOnJobClose = 0x2000;

    public static void KillChildrenWithThisProcess()
    {
        nint job = CreateJobObject(0, 0);
        var limits = new ExtendedLimitInformation { LimitFlags = KillOnJobClose };
        if (job == 0
            || !SetInformationJobObject(job, ExtendedLimitInformationClass, ref limits, (uint)Marshal.SizeOf<ExtendedLimitInformation>())
            || !AssignProcessToJobObject(job, GetCurrentProcess()))
        {
            throw new DistributedApplicationException(
                "Cannot guard the programs of the graph against the end of this host: " +
                new Win32Exception(Marshal.GetLastPInvokeError()).Message);
        }
        // The handle stays open on purpose, until this process ends.
    }

    [LibraryImport("kernel32", EntryPoint = "CreateJobObjectW", SetLastError = true)]
    private static partial nint CreateJobObject(nint attributes, nint name);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool SetInformationJobObject(nint job, int informationClass, ref ExtendedLimitInformation information, uint size);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool AssignProcessToJobObject(nint job, nint process);

    [LibraryImport("kernel32")]
    private static partial nint GetCurrentProcess();

    /// <summary>JOBOBJECT_EXTENDED_LIMIT_INFORMATION, of which only the flags are set. The size is that of 64-bit systems.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 144)]
    private struct ExtendedLimitInformation
    {
        [FieldOffset(16)]
        public uint LimitFlags;
    }
}

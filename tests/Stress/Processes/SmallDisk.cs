using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Observability.Stress.Processes;

/// <summary>A file system of a few kilobytes in memory, to be full.</summary>
internal sealed class SmallDisk : IDisposable
{
    private const int DetachAtOnce = 2;

    private readonly DirectoryInfo _directory;

    private SmallDisk(DirectoryInfo directory) => _directory = directory;

    public string Root => _directory.FullName;

    /// <summary>Null where mounting is not allowed.</summary>
    public static SmallDisk? TryMount(int bytes)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }
        DirectoryInfo directory = Directory.CreateTempSubdirectory("small-disk-");
        if (mount("tmpfs", directory.FullName, "tmpfs", 0, string.Create(CultureInfo.InvariantCulture, $"size={bytes}")) != 0)
        {
            directory.Delete();
            return null;
        }
        return new SmallDisk(directory);
    }

    public void Dispose()
    {
        if (umount2(_directory.FullName, DetachAtOnce) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"Cannot unmount {Root}.");
        }
        _directory.Delete();
    }

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int mount(string source, string target, string type, nuint flags, string options);

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int umount2(string target, int flags);
}

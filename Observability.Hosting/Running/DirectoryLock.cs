using System.Security.Cryptography;

namespace Aspire.Hosting.Running;

/// <summary>Lets only one process of this machine at a time work in a directory, among those that ask here.</summary>
internal sealed class DirectoryLock(FileStream? file) : IDisposable
{
    public static readonly IDisposable None = new DirectoryLock(null);

    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(200);

    public static async Task<IDisposable> EnterAsync(string directory, TimeProvider time, CancellationToken stop)
    {
        string hash = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(directory)))[..16];
        string path = Path.Combine(Path.GetTempPath(), $"embedded-host-{hash}.lock");
        while (true)
        {
            if (TryOpen(path) is { } opened)
            {
                return new DirectoryLock(opened);
            }
            await Task.Delay(RetryInterval, time, stop);
        }
    }

    public void Dispose() => file?.Dispose();

    private static FileStream? TryOpen(string path)
    {
        try
        {
            var opened = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
            if (File.Exists(path))
            {
                return opened;
            }
            // Its former holder removed the file between our opening and locking it: others would lock a new one.
            opened.Dispose();
            return null;
        }
        catch (IOException)
        {
            return null;
        }
    }
}

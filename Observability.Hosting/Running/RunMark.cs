namespace Aspire.Hosting.Running;

/// <summary>A variable that every process of a run carries and its children inherit. By it the processes of a resource are found even
/// when the one that started them is gone.</summary>
internal static class RunMark
{
    public const string Variable = "EMBEDDED_HOST_RUN";

    public static string New() => Guid.NewGuid().ToString("N");
    public static string Of(string runMark, string resourceId) => $"{runMark}:{resourceId}";
}

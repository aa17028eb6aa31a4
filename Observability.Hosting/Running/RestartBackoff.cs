namespace Aspire.Hosting.Running;

/// <summary>How long to wait before a crashed resource is started again, and when to give up. A process that lived for <see
/// cref="StableAfter"/> is taken to have worked: the count begins anew.</summary>
internal sealed class RestartBackoff
{
    public const int AttemptsMax = 8;

    public static readonly TimeSpan StableAfter = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan DelayMin = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan DelayMax = TimeSpan.FromSeconds(8);

    private int _attempts;

    public bool TryNext(TimeSpan uptime, out TimeSpan delay)
    {
        if (uptime >= StableAfter)
        {
            _attempts = 0;
        }
        delay = TimeSpan.FromTicks(Math.Min(DelayMax.Ticks, DelayMin.Ticks << Math.Min(_attempts, AttemptsMax)));
        return _attempts++ < AttemptsMax;
    }
}

namespace Observability.Agent.Transport;

/// <summary>How long to wait before the next attempt: doubling, with jitter so that agents which lost one aggregator do not return as one.</summary>
internal sealed class Backoff(TimeSpan delayMin, TimeSpan delayMax, Random random)
{
    /// <summary>After a refusal that time alone rarely mends: a wrong key, another writer of the same identity.</summary>
    public static readonly TimeSpan RefusedDelay = TimeSpan.FromSeconds(3);

    private const int DoublingsMax = 20;

    private int _attempts;

    public void Reset() => _attempts = 0;

    /// <summary>Between half of and the whole exponential delay.</summary>
    public TimeSpan Next()
    {
        double whole = Math.Min(delayMax.TotalMilliseconds, delayMin.TotalMilliseconds * Math.Pow(2, Math.Min(_attempts, DoublingsMax)));
        _attempts++;
        return Jitter(TimeSpan.FromMilliseconds(whole));
    }

    public TimeSpan NextRefused() => Jitter(RefusedDelay);

    // CA5394: spreading attempts needs no unpredictable numbers, and tests need a seed.
#pragma warning disable CA5394
    private TimeSpan Jitter(TimeSpan whole) => whole * (0.5 + (random.NextDouble() / 2));
#pragma warning restore CA5394
}

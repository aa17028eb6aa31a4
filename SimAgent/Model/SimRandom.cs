namespace Observability.SimAgent.Model;

/// <summary>Random numbers that are the same for the same seed on every machine and version (SplitMix64).</summary>
internal sealed class SimRandom(ulong seed)
{
    private ulong _state = seed;

    /// <summary>A seed from a number and names, stable across processes.</summary>
    public static ulong Seed(ulong seed, params ReadOnlySpan<string> names)
    {
        const ulong offset = 14695981039346656037;
        const ulong prime = 1099511628211;
        ulong hash = (offset ^ seed) * prime;
        foreach (string name in names)
        {
            foreach (char letter in name)
            {
                hash = (hash ^ letter) * prime;
            }
            hash = (hash ^ 0xFF) * prime;
        }
        return hash;
    }

    /// <summary>Uniform in [0, 1).</summary>
    public double Next()
    {
        _state += 0x9E37_79B9_7F4A_7C15;
        ulong mixed = (_state ^ (_state >> 30)) * 0xBF58_476D_1CE4_E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D0_49BB_1331_11EB;
        return ((mixed ^ (mixed >> 31)) >> 11) * (1.0 / (1UL << 53));
    }

    public double Between(double min, double max) => min + ((max - min) * Next());

    public bool Chance(double probability) => Next() < probability;

    public double Normal()
    {
        double radius = Math.Sqrt(-2 * Math.Log(1 - Next()));
        return radius * Math.Cos(2 * Math.PI * Next());
    }

    /// <summary>Log-normal with the given median; sigma is the standard deviation of the logarithm.</summary>
    public double LogNormal(double median, double sigma) => median * Math.Exp(sigma * Normal());

    public double Exponential(double mean) => -mean * Math.Log(1 - Next());

    /// <summary>How many events of a Poisson process with this mean.</summary>
    public int Poisson(double mean)
    {
        const double largeMean = 50;
        if (mean > largeMean)
        {
            return (int)Math.Max(0, Math.Round(mean + (Math.Sqrt(mean) * Normal())));
        }
        double limit = Math.Exp(-mean);
        double product = Next();
        int count = 0;
        while (product > limit)
        {
            count++;
            product *= Next();
        }
        return count;
    }
}

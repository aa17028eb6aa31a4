namespace Observability.Agent.Recording;

/// <summary>
/// Rounds to 4 significant decimal digits: computed gauges say no more than they know, and short numbers compress many times better.
/// </summary>
internal static class Significant
{
    public const int Digits = 4;

    // Powers of ten that a double holds exactly; beyond them a value keeps all its digits.
    private const int PowerMax = 22;

    private static readonly double[] Powers = CreatePowers();

    public static double Round(double value)
    {
        double magnitude = Math.Abs(value);
        if (magnitude == 0 || !double.IsFinite(value))
        {
            return value;
        }
        int decimals = Digits - 1 - (int)Math.Floor(Math.Log10(magnitude));
        if (decimals is > PowerMax or < -PowerMax)
        {
            return value;
        }
        // One correctly rounded operation on exact numbers: the result is the double nearest to the decimal number.
        return decimals >= 0
            ? Math.Round(value * Powers[decimals]) / Powers[decimals]
            : Math.Round(value / Powers[-decimals]) * Powers[-decimals];
    }

    private static double[] CreatePowers()
    {
        var powers = new double[PowerMax + 1];
        powers[0] = 1;
        for (int i = 1; i < powers.Length; i++)
        {
            powers[i] = powers[i - 1] * 10;
        }
        return powers;
    }
}

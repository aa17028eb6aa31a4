namespace Observability.Stress.Load;

/// <summary>
/// What each row took in every round. Own and stock take turns, so that a slow minute of the machine falls on both; a ratio is the median of the
/// ratios within one round.
/// </summary>
internal sealed class LoadRounds
{
    private readonly Dictionary<(string Row, bool Stock), List<LoadMeasure>> _measures = [];

    public void Add(string row, bool stock, LoadMeasure measure)
    {
        if (!_measures.TryGetValue((row, stock), out List<LoadMeasure>? rounds))
        {
            _measures.Add((row, stock), rounds = []);
        }
        rounds.Add(measure);
    }

    /// <summary>The round in the middle, by processor time.</summary>
    public LoadMeasure Of(string row, bool stock)
    {
        LoadMeasure[] ordered = [.. _measures[(row, stock)].OrderBy(measure => measure.CpuUsPerMessage)];
        return ordered[ordered.Length / 2];
    }

    /// <summary>Stock's processor time for a sample (or, paced, for a message) over our own: lowest, middle, highest of the rounds.</summary>
    public (double Low, double Middle, double High) Ratio(string row, string stockRow, Func<LoadMeasure, double> cost)
    {
        double[] ratios = [.. _measures[(row, false)].Zip(_measures[(stockRow, true)], (own, stock) => cost(stock) / cost(own)).Order()];
        return (ratios[0], ratios[ratios.Length / 2], ratios[^1]);
    }
}

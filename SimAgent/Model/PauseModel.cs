namespace Observability.SimAgent.Model;

/// <summary>
/// Pauses like a garbage collector's: requests fill a heap; a full heap is collected in a long pause, and short pauses come in between.
/// </summary>
internal sealed class PauseModel(SimRandom random)
{
    private const double LiveMb = 90;
    private const double ShortPauseEveryMb = 24;

    private double _heapMb = LiveMb;
    private double _limitMb = 220;
    private double _sinceShortMb;

    public double HeapMb => _heapMb;

    /// <summary>How long the instance stands still in this step, in milliseconds; 0 almost always.</summary>
    public double Allocate(int requests)
    {
        double allocated = requests * random.Between(0.1, 0.5);
        _heapMb += allocated;
        _sinceShortMb += allocated;
        if (_heapMb >= _limitMb)
        {
            _heapMb = LiveMb + random.Between(0, 15);
            _limitMb = random.Between(190, 260);
            _sinceShortMb = 0;
            return random.Between(45, 140);
        }
        if (_sinceShortMb >= ShortPauseEveryMb)
        {
            _sinceShortMb = 0;
            return random.Between(1, 5);
        }
        return 0;
    }

    public void Restart()
    {
        _heapMb = LiveMb / 2;
        _sinceShortMb = 0;
    }
}

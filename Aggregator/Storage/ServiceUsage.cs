namespace Observability.Aggregator.Storage;

/// <summary>Series of one service, over all its instances. Written under the catalog's lock, read by anyone.</summary>
internal sealed class ServiceUsage
{
    private int _seriesCount;
    private bool _wantsRoom;

    public int SeriesCount => Volatile.Read(ref _seriesCount);

    /// <summary>Set by a writer that found no room, taken by the sealer: series of this service that rest are to leave.</summary>
    public bool WantsRoom { get => Volatile.Read(ref _wantsRoom); set => Volatile.Write(ref _wantsRoom, value); }

    /// <summary>Instances of the service. Under the catalog's lock.</summary>
    public int Sources { get; set; }

    public void AddSeries(int count = 1) => Volatile.Write(ref _seriesCount, _seriesCount + count);
}

using System.Collections.Concurrent;

namespace Observability.Aggregator.Export;

/// <summary>The memory of scrapes, kept between them: as many slots as scrapes may run at once. A further scrape waits for a slot.</summary>
internal sealed class ScrapeSlots(ExportOptions options) : IDisposable
{
    private readonly SemaphoreSlim _free = new(options.ScrapesAtOnceMax);
    private readonly ConcurrentQueue<Slot> _slots = new();

    public async ValueTask<Slot> TakeAsync(CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken);
        return _slots.TryDequeue(out Slot? slot) ? slot : new Slot();
    }

    public void Release(Slot slot)
    {
        slot.Text.Clear();
        slot.Compressed.SetLength(0);
        _slots.Enqueue(slot);
        _free.Release();
    }

    public void Dispose() => _free.Dispose();

    internal sealed class Slot
    {
        public ExpositionBuffer Text { get; } = new();

        public MemoryStream Compressed { get; } = new();
    }
}

using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Export;
using Observability.Aggregator.Storage;
using Observability.Aggregator.Tests.Streaming;

namespace Observability.Aggregator.Tests.Export;

public sealed class BufferFamiliesTests
{
    [Fact]
    public void Write_WhereAllRingsOfAMetricRest_LeavesItOutUntilOneIsWritten()
    {
        var store = new TelemetryStore(new StorageOptions(), sessionId: 7);
        var sealer = new HistorySealer(store);
        var source = new TestSource(store);
        long nowNs = TimeProvider.System.UnixNs();
        source.Writer.ReceivedNs = nowNs;
        Series resting = source.Add("queue_depth", SeriesKind.Gauge);
        Series written = source.Add("inflight", SeriesKind.Gauge);
        source.Append(resting, nowNs, 1.0);
        source.Append(written, nowNs, 1.0);
        using var exporter = new Exporter(store, new ExportOptions(), TimeProvider.System, new PlatformMetrics(), []);
        Assert.Equal((1.0, 16.0), (Size(exporter, "queue_depth"), Capacity(exporter, "queue_depth")));

        long laterNs = nowNs + ((store.Options.IdleSecondsMax + 1) * 1_000_000_000L);
        source.Writer.ReceivedNs = laterNs;
        source.Append(written, laterNs, 2.0);
        sealer.Pass(laterNs);
        Assert.Equal(0, resting.Capacity);
        ScrapedText scraped = ScrapedText.Of(exporter);
        Assert.False(scraped.Has("telemetry_buffer_size{metric=\"queue_depth\"}"));
        Assert.False(scraped.Has("telemetry_buffer_capacity{metric=\"queue_depth\"}"));
        Assert.Equal(2, Size(exporter, "inflight"));

        source.Append(resting, laterNs, 3.0);
        Assert.Equal(16, Capacity(exporter, "queue_depth"));
    }

    private static double Size(Exporter exporter, string metric) => ScrapedText.Of(exporter)[$"telemetry_buffer_size{{metric=\"{metric}\"}}"];

    private static double Capacity(Exporter exporter, string metric) => ScrapedText.Of(exporter)[$"telemetry_buffer_capacity{{metric=\"{metric}\"}}"];
}

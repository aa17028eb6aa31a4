using Observability.Aggregator.Triggers;

namespace Observability.Aggregator.Tests.Triggers;

public sealed class FiringLogTests
{
    private static readonly SeriesIdentity Series = new(1, "checkout", "a-1", "rps", new Dictionary<string, string>(), "gauge", "1");

    [Fact]
    public void Add_AtTheLimit_DropsTheOldestWithWhatItKept()
    {
        var log = new FiringLog(new TriggerOptions { FiringsMax = 3 });
        Firing first = Add(log);
        log.Keep(CaptureOf(first, samples: 10));
        Assert.Equal(160, log.CaptureBytes);
        Add(log);
        Add(log);
        Assert.NotNull(log.TryFind(first.Id, out Capture? kept));
        Assert.NotNull(kept);

        Add(log);
        Assert.Equal([4L, 3, 2], log.List(null, 10).Firings.Select(firing => firing.Id));
        Assert.Null(log.TryFind(first.Id, out kept));
        Assert.Null(kept);
        Assert.Equal((0, 4), (log.CaptureBytes, log.Total));
    }

    [Fact]
    public void Keep_PastTheMemoryLimit_DropsTheOldestCaptureAndKeepsItsFiring()
    {
        var log = new FiringLog(new TriggerOptions { CaptureBytesMax = 400 });
        Firing[] firings = [Add(log), Add(log), Add(log)];
        log.Keep(CaptureOf(firings[0], samples: 12));
        log.Keep(CaptureOf(firings[1], samples: 13));
        Assert.Equal((400, CaptureState.Ready), (log.CaptureBytes, firings[0].Capture));     // exactly at it

        log.Keep(CaptureOf(firings[2], samples: 1));
        Assert.Equal([CaptureState.Dropped, CaptureState.Ready, CaptureState.Ready], firings.Select(firing => firing.Capture));
        Assert.Equal((224, 1), (log.CaptureBytes, log.CapturesDropped));
        Assert.NotNull(log.TryFind(firings[0].Id, out Capture? capture));
        Assert.Null(capture);

        Firing large = Add(log);
        log.Keep(CaptureOf(large, samples: 26));                                             // larger than all there is
        Assert.Equal((CaptureState.Dropped, CaptureState.Ready), (large.Capture, firings[1].Capture));
    }

    [Fact]
    public void List_OfOneRule_TellsHowManyThereAre()
    {
        var log = new FiringLog(new TriggerOptions());
        for (int i = 0; i < 5; i++)
        {
            Add(log);
        }
        (long total, IReadOnlyList<Firing> firings) = log.List("rule", limit: 2);
        Assert.Equal((5, "5 4"), (total, string.Join(' ', firings.Select(firing => firing.Id))));
        Assert.Equal(0, log.List("other", limit: 2).Total);
    }

    private static Firing Add(FiringLog log) => log.Add(id => new Firing(id, Rules.Of(), Series, 1, 2, 3));

    private static Capture CaptureOf(Firing firing, int samples) =>
        new(firing, 0, 1, [new CapturedSeries(Series, 0, new long[samples], [("values", new double[samples])], null)], 0);
}

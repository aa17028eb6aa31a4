using Observability.Aggregator.Streaming.Viewers;

namespace Observability.Aggregator.Tests.Streaming;

public sealed class AckWindowTests
{
    private readonly AckWindow _window = new(unackedMax: 4, lagMs: 1000);

    [Fact]
    public void IsLagging_WhenNothingIsEverAcked_IsFalse()
    {
        Send(1, 100);
        Assert.False(_window.IsLagging(1_000_000));
    }

    [Fact]
    public void IsLagging_AtTheLimit_IsFalseForever()
    {
        _window.OnAck(0, 0);
        Send(1, 4);
        Assert.False(_window.IsLagging(1_000_000));
    }

    [Fact]
    public void IsLagging_PastTheLimit_IsTrueOnlyAfterTheTimeAllowed()
    {
        _window.OnAck(0, 0);
        Send(1, 5);
        Assert.True(_window.IsOver);
        Assert.False(_window.IsLagging(999 + 5));
        Assert.True(_window.IsLagging(1000 + 5));
    }

    [Fact]
    public void OnAck_OfTheNewest_EndsTheLag()
    {
        _window.OnAck(0, 0);
        Send(1, 50);
        _window.OnAck(50, 60);
        Assert.False(_window.IsLagging(1_000_000));
        Assert.Equal(0, _window.UnackedCount);
        Send(51, 5);
        Assert.False(_window.IsLagging(1000));
        Assert.True(_window.IsLagging(1000 + 55));
    }

    [Fact]
    public void OnSent_PastWhatIsRemembered_ForgetsTheOldest()
    {
        Send(1, 100_000);
        Assert.Equal(128, _window.UnackedCount);
    }

    [Fact]
    public void Restart_AfterAChangeOfClass_GivesItsTime()
    {
        _window.OnAck(0, 0);
        Send(1, 50);
        _window.Restart(5000);
        Assert.False(_window.IsOver);
        Assert.False(_window.IsLagging(1_000_000));
    }

    /// <summary>Frame n is sent at n ms.</summary>
    private void Send(int first, int count)
    {
        for (int tick = first; tick < first + count; tick++)
        {
            _window.OnSent(tick, tick);
        }
    }
}

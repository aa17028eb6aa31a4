namespace Observability.Protocol.Tests.Status;

public sealed class GrpcDeadlineTests
{
    [Theory]
    [InlineData(0.02)]
    [InlineData(3600)]
    [InlineData(86400.0 * 365)]
    public void GrpcDeadline_OfAnyLength_FiresOnceAndNotBefore(double seconds)
    {
        var time = new ManualTime();
        int fired = 0;
        using var deadline = new GrpcDeadline(TimeSpan.FromSeconds(seconds), time, () => fired++);

        time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, fired);
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, fired);
        time.Advance(TimeSpan.FromDays(100));
        Assert.Equal(1, fired);
    }

    [Fact]
    public void Dispose_BeforeItFires_KeepsItSilent()
    {
        var time = new ManualTime();
        int fired = 0;
        var deadline = new GrpcDeadline(TimeSpan.FromSeconds(1), time, () => fired++);

        deadline.Dispose();
        time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(0, fired);
    }
}

using Grpc.Core;
using Observability.Agent.Recording;
using Observability.Agent.Transport;

namespace Observability.Agent.Tests.Transport;

public sealed class RefusedBatchPolicyTests
{
    private const ulong Session = 77;

    [Fact]
    public void OnStreamEnd_AMalformedBatch_IsConvictedAtOnceAndOnce()
    {
        var policy = new RefusedBatchPolicy();
        policy.OnStreamEnd(End(StatusCode.InvalidArgument));
        Assert.True(policy.TryConvict(Session, out DropReason reason));
        Assert.Equal(DropReason.Malformed, reason);
        Assert.False(policy.TryConvict(Session, out _));
    }

    [Fact]
    public void OnStreamEnd_AtAnotherSession_ConvictsNothing()
    {
        var policy = new RefusedBatchPolicy();
        policy.OnStreamEnd(End(StatusCode.InvalidArgument));
        Assert.False(policy.TryConvict(Session + 1, out _));
    }

    [Theory]
    [InlineData(StatusCode.ResourceExhausted, DropReason.TooLarge)]
    [InlineData(StatusCode.Unknown, DropReason.Malformed)]
    internal void OnStreamEnd_TheSameRefusalAgain_ConvictsAfterSeveralStreams(StatusCode code, DropReason expected)
    {
        var policy = new RefusedBatchPolicy();
        for (int stream = 1; stream < RefusedBatchPolicy.StreamsWithoutProgressMax; stream++)
        {
            policy.OnStreamEnd(End(code));
            Assert.False(policy.TryConvict(Session, out _));
        }
        policy.OnStreamEnd(End(code));
        Assert.True(policy.TryConvict(Session, out DropReason reason));
        Assert.Equal(expected, reason);
    }

    [Theory]
    [InlineData(StatusCode.Unavailable)]
    [InlineData(StatusCode.Cancelled)]
    [InlineData(StatusCode.Aborted)]
    [InlineData(StatusCode.Unauthenticated)]
    [InlineData(StatusCode.AlreadyExists)]
    public void OnStreamEnd_AStatusThatSaysNothingOfABatch_ConvictsNothing(StatusCode code)
    {
        var policy = new RefusedBatchPolicy();
        for (int stream = 0; stream < 10; stream++)
        {
            policy.OnStreamEnd(End(code));
            Assert.False(policy.TryConvict(Session, out _));
        }
    }

    [Fact]
    public void OnStreamEnd_BeforeTheStreamWasAccepted_ConvictsNothing()
    {
        var policy = new RefusedBatchPolicy();
        policy.OnStreamEnd(End(StatusCode.InvalidArgument) with { ServerSession = 0 });
        Assert.False(policy.TryConvict(Session, out _));
    }

    [Fact]
    public void OnStreamEnd_DuringReplay_EndsReplayAtThatAggregatorAndConvictsNothing()
    {
        var policy = new RefusedBatchPolicy();
        policy.OnStreamEnd(End(StatusCode.InvalidArgument) with { HasReplayed = true });
        Assert.False(policy.TryConvict(Session, out _));
        Assert.Equal(Session, policy.ReplayRefusedBy);
    }

    private static StreamEnd End(StatusCode code) => new(new Status(code, ""), Session, 1, false, false, null);
}

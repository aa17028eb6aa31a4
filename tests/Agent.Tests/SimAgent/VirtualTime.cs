namespace Observability.Agent.Tests.SimAgent;

/// <summary>Time that a test moves on: a simulation of minutes then takes seconds, and every timestamp is known.</summary>
internal sealed class VirtualTime(DateTimeOffset start) : TimeProvider
{
    private long _elapsedTicks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Volatile.Read(ref _elapsedTicks);

    public override DateTimeOffset GetUtcNow() => start.AddTicks(GetTimestamp());

    public void Advance(TimeSpan by) => Interlocked.Add(ref _elapsedTicks, by.Ticks);
}

using System.Globalization;
using Observability.Agent.Recording;
using Observability.Agent.Transport;

namespace Observability.Agent;

/// <summary>Settings of an agent, checked when it is created. Each can be read from the environment by its key.</summary>
public sealed class TelemetryAgentOptions
{
    /// <summary>SERVICE_NAME, else OTEL_SERVICE_NAME, else the name of the program.</summary>
    public string ServiceName { get; set; } = AgentEnvironment.DefaultServiceName();

    /// <summary>INSTANCE_ID, else service.instance.id of OTEL_RESOURCE_ATTRIBUTES, else the host's name and the process id.</summary>
    public string InstanceId { get; set; } = AgentEnvironment.DefaultInstanceId();

    /// <summary>
    /// AGGREGATOR_ADDR: host:port, a URL, or several with commas between. The agent streams to one of them; when that one is lost it goes on
    /// to the next, and sends it the last seconds again.
    /// </summary>
    public string AggregatorAddress { get; set; } = "localhost:9000";

    /// <summary>API_KEY: the key the aggregator asks for; empty when it is open.</summary>
    public string ApiKey { get; set; } = "";

    /// <summary>PUSH_INTERVAL_MS: how often recorded values are sent.</summary>
    public int PushIntervalMs { get; set; } = 20;

    /// <summary>BATCH_SIZE: samples in one batch at most; a push with more is sent as several batches.</summary>
    public int BatchSize { get; set; } = 100;

    /// <summary>BUFFER_SIZE: gauge values kept one by one until the next push; further ones are merged. Rounded up to a power of two.</summary>
    public int BufferSize { get; set; } = 8192;

    /// <summary>SERIES_MAX: different series (names and labels) the agent keeps; what is recorded on further ones is dropped and counted.</summary>
    public int SeriesMax { get; set; } = 2000;

    /// <summary>
    /// RETAINED_BYTES_MAX: memory for batches that wait for their acknowledgement or may be replayed. It is taken as it is needed; when it is full, the oldest batch
    /// is dropped and counted as buffer_full. The default bridges an outage of about five minutes of the standard metrics and some gauges.
    /// </summary>
    public int RetainedBytesMax { get; set; } = 4 * 1024 * 1024;

    /// <summary>REPLAY_WINDOW_MS: how far back acknowledged batches are sent again to an aggregator that has lost its memory.</summary>
    public int ReplayWindowMs { get; set; } = 10_000;

    /// <summary>CONNECT_TIMEOUT_MS: how long an aggregator may take to accept a connection.</summary>
    public int ConnectTimeoutMs { get; set; } = 5_000;

    /// <summary>ACK_TIMEOUT_MS: how long an aggregator may leave batches unacknowledged before its stream is given up.</summary>
    public int AckTimeoutMs { get; set; } = 10_000;

    /// <summary>RECONNECT_DELAY_MIN_MS: the delay before the second attempt to connect; it doubles from there.</summary>
    public int ReconnectDelayMinMs { get; set; } = 50;

    /// <summary>RECONNECT_DELAY_MAX_MS: the longest delay between attempts.</summary>
    public int ReconnectDelayMaxMs { get; set; } = 250;

    /// <summary>FLUSH_TIMEOUT_MS: how long stopping may take to have everything acknowledged.</summary>
    public int FlushTimeoutMs { get; set; } = 2_000;

    internal TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    internal int? RandomSeed { get; set; }

    /// <summary>
    /// Settings from environment variables, or from any other place that knows their values by the same keys, such as an application's
    /// configuration (<c>key => configuration[key]</c>).
    /// </summary>
    /// <exception cref="AgentOptionsException">A value is no number, or out of range.</exception>
    public static TelemetryAgentOptions FromEnvironment(Func<string, string?>? read = null)
    {
        read ??= Environment.GetEnvironmentVariable;
        var options = new TelemetryAgentOptions();
        options.ServiceName = AgentEnvironment.Text(read, "SERVICE_NAME") ?? AgentEnvironment.ServiceName(read);
        options.InstanceId = AgentEnvironment.Text(read, "INSTANCE_ID") ?? AgentEnvironment.InstanceId(read);
        options.AggregatorAddress = AgentEnvironment.Text(read, "AGGREGATOR_ADDR") ?? options.AggregatorAddress;
        options.ApiKey = AgentEnvironment.Text(read, "API_KEY") ?? options.ApiKey;
        foreach (IntegerSetting setting in IntegerSettings)
        {
            if (AgentEnvironment.Text(read, setting.Key) is { } text)
            {
                setting.Set(options, Parse(setting, text));
            }
        }
        options.Validate();
        return options;
    }

    internal TelemetryAgentOptions Copy() => (TelemetryAgentOptions)MemberwiseClone();

    internal Uri[] Validate()
    {
        Require(IsName(ServiceName), "SERVICE_NAME", ServiceName, $"1 to {SeriesNames.NameBytesMax} bytes");
        Require(IsName(InstanceId), "INSTANCE_ID", InstanceId, $"1 to {SeriesNames.NameBytesMax} bytes");
        Require(ApiKey is not null && ApiKey.All(c => c is > ' ' and < (char)127), "API_KEY", "(hidden)", "printable ASCII without spaces");
        foreach (IntegerSetting setting in IntegerSettings)
        {
            int value = setting.Get(this);
            Require(value >= setting.Min && value <= setting.Max, setting.Key, Format(value), setting.Allowed);
        }
        Require(ReconnectDelayMinMs <= ReconnectDelayMaxMs, "RECONNECT_DELAY_MIN_MS", Format(ReconnectDelayMinMs),
            $"at most RECONNECT_DELAY_MAX_MS, which is {ReconnectDelayMaxMs}");
        Uri[] addresses = [];
        Require(AggregatorAddress is not null && AggregatorAddresses.TryParse(AggregatorAddress, out addresses), "AGGREGATOR_ADDR",
            AggregatorAddress ?? "", AggregatorAddresses.Allowed);
        return addresses;
    }

    private static readonly IntegerSetting[] IntegerSettings =
    [
        new("PUSH_INTERVAL_MS", 5, 60_000, o => o.PushIntervalMs, (o, v) => o.PushIntervalMs = v),
        new("BATCH_SIZE", 1, 10_000, o => o.BatchSize, (o, v) => o.BatchSize = v),
        new("BUFFER_SIZE", 16, 1_048_576, o => o.BufferSize, (o, v) => o.BufferSize = v),
        new("SERIES_MAX", 16, 100_000, o => o.SeriesMax, (o, v) => o.SeriesMax = v),
        new("RETAINED_BYTES_MAX", 65_536, 1_073_741_824, o => o.RetainedBytesMax, (o, v) => o.RetainedBytesMax = v),
        new("REPLAY_WINDOW_MS", 0, 600_000, o => o.ReplayWindowMs, (o, v) => o.ReplayWindowMs = v),
        new("CONNECT_TIMEOUT_MS", 10, 600_000, o => o.ConnectTimeoutMs, (o, v) => o.ConnectTimeoutMs = v),
        new("ACK_TIMEOUT_MS", 50, 600_000, o => o.AckTimeoutMs, (o, v) => o.AckTimeoutMs = v),
        new("RECONNECT_DELAY_MIN_MS", 1, 600_000, o => o.ReconnectDelayMinMs, (o, v) => o.ReconnectDelayMinMs = v),
        new("RECONNECT_DELAY_MAX_MS", 1, 600_000, o => o.ReconnectDelayMaxMs, (o, v) => o.ReconnectDelayMaxMs = v),
        new("FLUSH_TIMEOUT_MS", 0, 600_000, o => o.FlushTimeoutMs, (o, v) => o.FlushTimeoutMs = v),
    ];

    private static bool IsName(string? name) => SeriesNames.AreValid(name, []);

    private static int Parse(IntegerSetting setting, string text)
    {
        bool isNumber = int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value);
        Require(isNumber, setting.Key, text, setting.Allowed);
        return value;
    }

    private static void Require(bool isAllowed, string key, string? value, string allowed)
    {
        if (!isAllowed)
        {
            throw new AgentOptionsException($"Cannot create the agent: {key} is '{value}', allowed is {allowed}.");
        }
    }

    private static string Format(int value) => value.ToString(CultureInfo.InvariantCulture);

    private sealed record IntegerSetting(
        string Key, int Min, int Max, Func<TelemetryAgentOptions, int> Get, Action<TelemetryAgentOptions, int> Set)
    {
        public string Allowed => $"a number from {Format(Min)} to {Format(Max)}";
    }
}

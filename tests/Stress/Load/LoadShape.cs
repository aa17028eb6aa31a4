namespace Observability.Stress.Load;

/// <summary>One form of message: what an agent declares once, and the messages it then sends in turn.</summary>
internal sealed record LoadShape(string Name, Action<MessageTemplate>? Declare, int Steps, int Samples, int Variants, Action<MessageTemplate, int> Write, string? StockForm = null)
{
    public const int SeriesPerAgent = 100;

    /// <summary>The form in which a stock agent sends the same samples.</summary>
    public string InlineName => StockForm ?? Name;

    /// <summary>What one push of an agent with the standard metrics and a few of its own looks like.</summary>
    public const int PacedSeries = 20;

    public static readonly LoadShape[] Saturating =
    [
        new("inline 100 x 1", null, 1, 100, 1, (message, _) => Inline(message, 0, 100, 1)),
        new("inline 10 x 100", null, 100, 1000, 10, (message, variant) => Inline(message, variant * 10, 10, 100)),
        new("packed 10 x 100", Declarations(SeriesPerAgent), 100, 1000, 10, Packed, "inline 10 x 100"),
        new("tick 100", Declarations(SeriesPerAgent), 1, 100, 1, (message, _) => Tick(message, SeriesPerAgent), "inline 100 x 1"),
    ];

    public static readonly LoadShape Paced = new("tick 20", Declarations(PacedSeries), 1, PacedSeries, 1, (message, _) => Tick(message, PacedSeries));

    private static void Named(MessageTemplate message, int series)
    {
        message.Text(0x0A, $"http_server_metric_{series % 20}");
        Label(message, "route", $"/api/v1/resource{series}");
        Label(message, "method", series % 2 == 0 ? "GET" : "POST");
        Label(message, "zone", $"eu-{series % 3}");
    }

    private static void Label(MessageTemplate message, string name, string value) => message.Body(0x12, () =>
    {
        message.Text(0x0A, name);
        message.Text(0x12, value);
    });

    private static Action<MessageTemplate> Declarations(int count) => message =>
    {
        for (int series = 0; series < count; series++)
        {
            int declared = series;
            message.Body(0x1A, () =>
            {
                Named(message, declared);
                message.Number(0x20, (ulong)declared + 1);
            });
        }
    };

    private static void Inline(MessageTemplate message, int first, int count, int samples)
    {
        for (int series = first; series < first + count; series++)
        {
            int named = series;
            message.Body(0x1A, () =>
            {
                Named(message, named);
                for (int step = 0; step < samples; step++)
                {
                    int at = step;
                    message.Body(0x1A, () =>
                    {
                        message.VarintTime(0x08, at);
                        message.Fixed(0x11, Value(named, at));
                    });
                }
            });
        }
    }

    private static void Packed(MessageTemplate message, int variant)
    {
        for (int series = variant * 10; series < (variant * 10) + 10; series++)
        {
            int declared = series;
            message.Body(0x1A, () =>
            {
                message.Number(0x20, (ulong)declared + 1);
                message.Body(0x2A, () =>
                {
                    message.Body(0x0A, () => Each(100, message.RawTime));
                    message.Body(0x12, () => Each(100, step => message.Raw(Value(declared, step))));
                });
            });
        }
    }

    private static void Tick(MessageTemplate message, int series) => message.Body(0x3A, () =>
    {
        message.FixedTime(0x09, 0);
        message.Number(0x10, 1);
        message.Body(0x1A, () => Each(series, number => message.Raw(Value(number, 0))));
    });

    private static void Each(int count, Action<int> act)
    {
        for (int i = 0; i < count; i++)
        {
            act(i);
        }
    }

    private static ulong Value(int series, int step) => BitConverter.DoubleToUInt64Bits((series * 1.1) + step);
}

using System.Globalization;
using System.Text;
using Observability.Aggregator.Query;

namespace Observability.Aggregator.Tests.Query;

public sealed class JsonArrayTextTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Add_OfAnyNumber_IsThePlatformsOwnText(int seed)
    {
        Random random = new(seed);
        double[] values =
        [
            0, -0.0, 1, -1, 0.1, 100, 1e14, 999_999_999_999_999, 1e15, 1e16, 123_456_789.123_456_7, 0.0001, 0.000_099, 1e-5, 4.9e-324, double.MaxValue, double.MinValue, 1.0 / 3, Math.PI,
            .. Enumerable.Range(0, 20_000).Select(index => (index % 5) switch
            {
                0 => Math.Round(random.NextDouble() * 1000, random.Next(10)),
                1 => random.Next(-1000, 1000) / Math.Pow(10, random.Next(8)),
                2 => double.Parse((random.NextDouble() * Math.Pow(10, random.Next(-6, 18))).ToString("G4", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture),
                3 => random.NextInt64(1L << 60) / 1000.0,
                _ => Finite(BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue))),
            }),
        ];
        JsonArrayText array = new();
        array.Begin();
        foreach (double value in values)
        {
            array.Add(value);
        }
        string[] expected = [.. values.Select(value => value.ToString(CultureInfo.InvariantCulture))];
        Assert.Equal(expected, Encoding.UTF8.GetString(array.End())[1..^1].Split(','));
    }

    [Fact]
    public void Add_OfWhatJsonHasNoNumberFor_IsText()
    {
        JsonArrayText array = new();
        array.Begin();
        array.Add(double.NaN);
        array.Add(double.PositiveInfinity);
        array.Add(double.NegativeInfinity);
        array.Add(1UL << 53);
        array.Add((1UL << 53) + 1);
        array.Add(ulong.MaxValue);
        array.AddTime(long.MinValue);
        Assert.Equal(
            """["NaN","+Inf","-Inf",9007199254740992,"9007199254740993","18446744073709551615","-9223372036854775808"]""", Encoding.UTF8.GetString(array.End()));
        array.Begin();
        Assert.Equal("[]", Encoding.UTF8.GetString(array.End()));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(-5_000, 1_000)]
    [InlineData(1_763_769_600_000_000_000, 60_000_000)]
    public void Add_OfStepTimes_TellsEachBeginning(long fromNs, long stepNs)
    {
        const int Steps = 1_000;
        StepTimes times = new();
        JsonArrayText array = new();
        times.Begin(fromNs, stepNs, Steps);
        array.Begin();
        for (int step = 0; step < Steps; step++)
        {
            array.Add(times[step]);
        }
        string expected = string.Join(',', Enumerable.Range(0, Steps).Select(step => string.Create(CultureInfo.InvariantCulture, $"\"{fromNs + (step * stepNs)}\"")));
        Assert.Equal($"[{expected}]", Encoding.UTF8.GetString(array.End()));
    }

    [Fact]
    public void Add_OnceItHasRoom_AllocatesNothing()
    {
        JsonArrayText array = new();
        Fill(array);
        AllocationMeter meter = AllocationMeter.Start();
        Fill(array);
        meter.AssertNothing();

        static void Fill(JsonArrayText array)
        {
            array.Begin();
            for (int i = 0; i < 5_000; i++)
            {
                array.Add(i * 0.25);
                array.Add(Math.Sqrt(i));
                array.Add((ulong)i);
                array.AddTime(i);
            }
        }
    }

    private static double Finite(double value) => double.IsFinite(value) ? value : 0.5;
}

using Observability.Aggregator.History;

namespace Observability.Aggregator.Tests.History;

/// <summary>Whatever the bits are, a block gives back the very same ones; and what people's metrics look like becomes small.</summary>
public sealed class BlockTests
{
    private static readonly double[] Special =
    [
        0.0, -0.0, double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.Epsilon, -double.Epsilon, 2.2250738585072009E-308,
        double.MaxValue, double.MinValue, 1e22, 1e23, 0.1, 1.0 / 3, Math.BitDecrement(1.0), 9007199254740993.0, 123456.789, -0.001,
        BitConverter.Int64BitsToDouble(0x7FF8_0000_DEAD_BEEF), BitConverter.Int64BitsToDouble(unchecked((long)0xFFF0_0000_0000_0001)),
    ];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Block_OfArbitraryColumns_ReadsBackBitForBit(int seed)
    {
        Random random = new(seed);
        for (int round = 0; round < 200; round++)
        {
            int rows = random.Next(1, RowBlock.RowsMax + 1);
            int columnCount = random.Next(1, 6);
            long[][] columns = [.. Enumerable.Range(0, columnCount).Select(_ => Column(random, rows))];
            bool[] isDouble = [.. columns.Select(_ => random.Next(2) == 0)];
            BlockWriter writer = new();
            writer.Begin(firstRow: 7, rows, columnCount);
            for (int column = 0; column < columnCount; column++)
            {
                writer.Add(columns[column], isDouble[column]);
            }
            RowBlock block = writer.End(receivedNs: 5);

            long[] read = new long[RowBlock.RowsMax];
            for (int column = 0; column < columnCount; column++)
            {
                block.Read(column, read);
                Assert.Equal(columns[column], read[..rows]);
            }
            Assert.Equal((7L, 7L + rows, rows, 5L), (block.FirstRow, block.EndRow, block.Rows, block.ReceivedNs));
            Assert.Equal((columns[0].Min(), columns[0].Max()), (block.OldestNs, block.NewestNs));
            Assert.Equal(columns[0].Zip(columns[0].Skip(1)).All(pair => pair.First <= pair.Second), block.IsOrdered);
        }
    }

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(1, 20)];

    [Theory]
    [InlineData("every 20 ms exactly", 0.3)]
    [InlineData("counter", 1.0)]
    [InlineData("constant", 0.2)]
    [InlineData("percent, 2 decimals", 1.6)]
    [InlineData("4 significant digits", 2.2)]
    [InlineData("changes now and then", 0.5)]
    [InlineData("noise", 8.1)]
    public void Column_OfAKindThatPeopleHave_TakesFewBytes(string kind, double bytesMax)
    {
        Random random = new(1);
        const int Rows = 64;
        double walk = 500;
        long total = 1_000_000;
        long[] bits = [.. Enumerable.Range(0, Rows).Select(row =>
        {
            walk += (random.NextDouble() - 0.5) * 20;
            total += random.Next(50);
            return kind switch
            {
                "every 20 ms exactly" => 1_763_769_600_000_000_000 + (row * 20_000_000L),
                "counter" => total,
                "constant" => Bits(0.35),
                "percent, 2 decimals" => Bits(Math.Round(random.NextDouble() * 40, 2)),
                "4 significant digits" => Bits(double.Parse(walk.ToString("G4", null), null)),
                "changes now and then" => Bits(row < 30 ? 1.0 / 3 : 2.0 / 3),
                _ => Bits(random.NextDouble()),
            };
        })];
        byte[] bytes = new byte[ColumnWriter.BytesMax(Rows)];
        ByteWriter to = new(bytes);
        new ColumnWriter().Write(bits, isDouble: kind is not ("counter" or "every 20 ms exactly"), ref to);

        Assert.InRange(to.At / (double)Rows, 0, bytesMax);
    }

    [Fact]
    public void Read_OfABlock_AllocatesNothing()
    {
        BlockWriter writer = new();
        writer.Begin(0, 64, 2);
        writer.Add([.. Enumerable.Range(0, 64).Select(row => (long)row)], isDouble: false);
        writer.Add([.. Enumerable.Range(0, 64).Select(row => Bits(row / 10.0))], isDouble: true);
        RowBlock block = writer.End(0);
        long[] read = new long[RowBlock.RowsMax];
        block.Read(1, read);
        AllocationMeter meter = AllocationMeter.Start();
        for (int i = 0; i < 1000; i++)
        {
            block.Read(1, read);
        }
        meter.AssertNothing();
        Assert.Equal(Bits(6.3), read[63]);
    }

    private static long Bits(double value) => BitConverter.DoubleToInt64Bits(value);

    private static long[] Column(Random random, int rows)
    {
        int shape = random.Next(9);
        long at = random.NextInt64(long.MinValue, long.MaxValue);
        int digits = random.Next(0, 8);
        return [.. Enumerable.Range(0, rows).Select(_ => shape switch
        {
            0 => at += random.Next(1000),
            1 => at += random.Next(20) == 0 ? -random.NextInt64() : 20_000_000,
            2 => Bits(Special[random.Next(Special.Length)]),
            3 => random.NextInt64(long.MinValue, long.MaxValue),
            4 => Bits(Math.Round(random.NextDouble() * 1000, digits)),
            5 => random.Next(10) == 0 ? Bits(Special[random.Next(Special.Length)]) : Bits(Math.Round(random.NextDouble(), digits)),
            6 => random.Next(6) == 0 ? at = Bits(random.NextDouble()) : at,
            7 => at = (at / 1_000_000 * 1_000_000) + (random.Next(100) * 1_000_000L),
            _ => random.Next(2) == 0 ? long.MinValue : long.MaxValue,
        })];
    }
}

using Observability.Aggregator.History;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Tests.Storage;

public sealed class HistogramBlockTests
{
    private readonly HistogramBlockWriter _writer = new();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Write_HistogramsOfAnyShape_ReadBackBitForBit(int seed)
    {
        Random random = new(seed);
        for (int block = 0; block < 300; block++)
        {
            HistogramBuffer rows = new(HistogramBlock.RowsMax);
            byte[] scratch = [];
            int count = random.Next(1, HistogramBlock.RowsMax + 1);
            double[] bounds = [.. Enumerable.Range(0, random.Next(0, 12)).Select(_ => AnyDouble(random))];
            for (int row = 0; row < count; row++)
            {
                int size = HistogramRecord.Encode(Any(random, bounds), ref scratch);
                HistogramRecord.Decode(random.NextInt64(), scratch.AsSpan(0, size), rows);
            }
            RowBlock written = _writer.Write(rows, firstRow: 7, receivedNs: 8);
            HistogramBuffer read = new(HistogramBlock.RowsMax);
            HistogramBlock.Read(written, read);

            Assert.Equal((7L, count, 8L), (written.FirstRow, written.Rows, written.ReceivedNs));
            AssertSame(rows, read);
        }
    }

    [Fact]
    public void Write_WhatAnAgentSends_TakesLessThanAThirdOfItsRecords()
    {
        Random random = new(4);
        HistogramBuffer rows = new(HistogramBlock.RowsMax);
        byte[] scratch = [];
        long recordBytes = 0;
        for (int row = 0; row < HistogramBlock.RowsMax; row++)
        {
            double first = Math.Round(Math.Exp(3 + random.NextDouble()), 2);
            ulong[] counts = new ulong[100];
            counts[random.Next(100)]++;
            int size = HistogramRecord.Encode(new HistogramSample { Count = 1, Sum = first, Min = first, Max = first, Scale = 4, PositiveCounts = counts }, ref scratch);
            HistogramRecord.Decode(row * 20_000_000L, scratch.AsSpan(0, size), rows);
            recordBytes += size;
        }
        long bytes = _writer.Write(rows, 0, 0).SizeInBytes;

        TestContext.Current.TestOutputHelper?.WriteLine($"{(double)bytes / HistogramBlock.RowsMax:0.0} B a row, as records {(double)recordBytes / HistogramBlock.RowsMax:0.0}.");
        Assert.InRange(bytes, 1, recordBytes / 3);
    }

    [Fact]
    public void Read_IntoABufferThatHasGrown_AllocatesNothing()
    {
        HistogramBuffer rows = new(HistogramBlock.RowsMax);
        byte[] scratch = [];
        for (int row = 0; row < 50; row++)
        {
            int size = HistogramRecord.Encode(new HistogramSample { Count = 2, Sum = row, Min = 1, Max = 3, Scale = 2, PositiveCounts = [1, 0, 1] }, ref scratch);
            HistogramRecord.Decode(row, scratch.AsSpan(0, size), rows);
        }
        RowBlock block = _writer.Write(rows, 0, 0);
        HistogramBuffer buffer = new();
        for (int round = 0; round < 50; round++)
        {
            buffer.Clear();
            HistogramBlock.Read(block, buffer);
        }
        AllocationMeter meter = AllocationMeter.Start();
        for (int round = 0; round < 100; round++)
        {
            buffer.Clear();
            HistogramBlock.Read(block, buffer);
        }
        meter.AssertNothing();
    }

    private static void AssertSame(HistogramBuffer expected, HistogramBuffer actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        for (int row = 0; row < expected.Count; row++)
        {
            HistogramRow was = expected[row];
            HistogramRow isNow = actual[row];
            Assert.Equal((was.TimestampNs, was.Count, was.Scale, was.ZeroCount, was.PositiveOffset, was.NegativeOffset),
                (isNow.TimestampNs, isNow.Count, isNow.Scale, isNow.ZeroCount, isNow.PositiveOffset, isNow.NegativeOffset));
            Assert.Equal(Bits(was.Sum, was.Min, was.Max), Bits(isNow.Sum, isNow.Min, isNow.Max));
            Assert.True(expected.PositiveCounts(row).SequenceEqual(actual.PositiveCounts(row)));
            Assert.True(expected.NegativeCounts(row).SequenceEqual(actual.NegativeCounts(row)));
            Assert.True(expected.ExplicitCounts(row).SequenceEqual(actual.ExplicitCounts(row)));
            Assert.Equal(Bits(expected.ExplicitBounds(row).ToArray()), Bits(actual.ExplicitBounds(row).ToArray()));
        }
    }

    private static long[] Bits(params double[] values) => [.. values.Select(BitConverter.DoubleToInt64Bits)];

    private static HistogramSample Any(Random random, double[] bounds)
    {
        double sum = AnyDouble(random);
        bool isAlone = random.Next(3) == 0;
        bool isExplicit = random.Next(3) == 0;
        return new HistogramSample
        {
            Count = AnyCount(random), Sum = sum, Min = isAlone ? sum : AnyDouble(random), Max = isAlone ? sum : AnyDouble(random),
            Scale = isExplicit ? 0 : random.Next(-10, 21), ZeroCount = AnyCount(random),
            PositiveOffset = isExplicit ? 0 : random.Next(int.MinValue, int.MaxValue), NegativeOffset = isExplicit ? 0 : random.Next(-100, 100),
            PositiveCounts = isExplicit ? [] : AnyCounts(random, random.Next(0, 200)), NegativeCounts = isExplicit ? [] : AnyCounts(random, random.Next(0, 20)),
            ExplicitBounds = isExplicit ? random.Next(5) == 0 ? [AnyDouble(random)] : bounds : [],
            ExplicitCounts = isExplicit ? AnyCounts(random, bounds.Length + 1) : [],
        };
    }

    private static ulong[] AnyCounts(Random random, int length) => [.. Enumerable.Range(0, length).Select(_ => random.Next(3) == 0 ? AnyCount(random) : 0)];

    private static ulong AnyCount(Random random) => random.Next(6) switch
    {
        0 => 0,
        1 => ulong.MaxValue - (ulong)random.Next(3),
        2 => (1UL << 62) - 2 + (ulong)random.Next(4),
        _ => (ulong)random.Next(300),
    };

    private static double AnyDouble(Random random) => random.Next(6) switch
    {
        0 => BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue)),
        1 => -0.0,
        2 => double.NaN,
        3 => double.PositiveInfinity,
        _ => random.Next(1000) / 10.0,
    };
}

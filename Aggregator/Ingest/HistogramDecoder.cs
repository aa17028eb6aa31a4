using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Ingest;

/// <summary>
/// [Data plane] Reads one Histogram into columns that are reused. The structural pass reads each histogram to know that it is well-formed, the
/// writer reads it again to apply it: histograms are few, and no batch can make this hold more than one.
/// </summary>
internal sealed class HistogramDecoder(WireFault fault, int bucketsMax)
{
    private static readonly string[] Fields =
    [
        "count", "sum", "min", "max", "scale", "zero_count", "positive_offset", "positive_counts", "negative_offset", "negative_counts",
        "explicit_bounds", "explicit_counts",
    ];

    private readonly ulong[] _positive = new ulong[bucketsMax];
    private readonly ulong[] _negative = new ulong[bucketsMax];
    private readonly ulong[] _explicit = new ulong[bucketsMax];
    private readonly double[] _bounds = new double[bucketsMax];
    private ulong _count;
    private ulong _zeroCount;
    private double _sum;
    private double _min;
    private double _max;
    private int _scale;
    private int _positiveOffset;
    private int _negativeOffset;
    private int _positiveCount;
    private int _negativeCount;
    private int _explicitCount;
    private int _boundCount;

    public HistogramSample Sample => new()
    {
        Count = _count,
        Sum = _sum,
        Min = IsExtremeUnknown(_min, isMin: true) ? double.NaN : _min,
        Max = IsExtremeUnknown(_max, isMin: false) ? double.NaN : _max,
        Scale = _scale,
        ZeroCount = _zeroCount,
        PositiveOffset = _positiveOffset,
        NegativeOffset = _negativeOffset,
        PositiveCounts = _positive.AsSpan(0, _positiveCount),
        NegativeCounts = _negative.AsSpan(0, _negativeCount),
        ExplicitCounts = _explicit.AsSpan(0, _explicitCount),
        ExplicitBounds = _bounds.AsSpan(0, _boundCount),
    };

    /// <summary>Starts a new histogram.</summary>
    public void Clear()
    {
        _count = _zeroCount = 0;
        _sum = _min = _max = 0;
        _scale = _positiveOffset = _negativeOffset = 0;
        _positiveCount = _negativeCount = _explicitCount = _boundCount = 0;
    }

    /// <summary>Reads one piece of the histogram. False, with the fault's path, when it is malformed. <see cref="CheckColumns"/> follows the last piece.</summary>
    public bool TryRead(WireReader piece)
    {
        while (!piece.AtEnd)
        {
            if (!piece.TryReadTag(out uint tag))
            {
                return fault.At("", piece.Fault);
            }
            if (!TryReadField(ref piece, tag))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Reads a histogram that passed the structural pass.</summary>
    public void ReadAgain(ReadOnlySpan<byte> message, ulong place)
    {
        Clear();
        PieceReader pieces = new(message, place, SampleDecoder.HistogramTag);
        while (pieces.TryNext(out WireReader piece))
        {
            WireReader.Require(TryRead(piece));
        }
    }

    /// <summary>False, with the fault, when the columns read do not fit together.</summary>
    public bool CheckColumns()
    {
        if (_explicitCount + _boundCount == 0)
        {
            return true;
        }
        if (_positiveCount + _negativeCount > 0)
        {
            return fault.At("explicit_counts", "stand beside exponential buckets; one of the two is expected");
        }
        return _explicitCount == _boundCount + 1
            || fault.At("explicit_counts", $"are {_explicitCount}, expected {_boundCount + 1}: one more than explicit_bounds");
    }

    /// <summary>Whether a well-formed histogram can be merged with others.</summary>
    public RejectReason Check()
    {
        if (_positiveCount + _negativeCount > bucketsMax || _explicitCount > bucketsMax)
        {
            return RejectReason.HistogramBucketsLimit;
        }
        // One sum that is no number would make every sum that it is ever added to none.
        bool fits = _scale is >= -10 and <= 20
            && double.IsFinite(_sum)
            && (long)_positiveOffset + _positiveCount <= int.MaxValue
            && (long)_negativeOffset + _negativeCount <= int.MaxValue
            && BoundsRise()
            && BucketsAddUp();
        return fits ? RejectReason.None : RejectReason.Histogram;
    }

    private bool TryReadField(ref WireReader reader, uint tag)
    {
        switch (tag)
        {
            case (1 << 3) | WireReader.Varint:
                return reader.TryReadVarint(out _count) || fault.At("count", reader.Fault);
            case (2 << 3) | WireReader.Fixed64:
                return TryReadDouble(ref reader, "sum", out _sum);
            case (3 << 3) | WireReader.Fixed64:
                return TryReadDouble(ref reader, "min", out _min);
            case (4 << 3) | WireReader.Fixed64:
                return TryReadDouble(ref reader, "max", out _max);
            case (5 << 3) | WireReader.Varint:
                return TryReadZigZag(ref reader, "scale", out _scale);
            case (6 << 3) | WireReader.Varint:
                return reader.TryReadVarint(out _zeroCount) || fault.At("zero_count", reader.Fault);
            case (7 << 3) | WireReader.Varint:
                return TryReadZigZag(ref reader, "positive_offset", out _positiveOffset);
            case (9 << 3) | WireReader.Varint:
                return TryReadZigZag(ref reader, "negative_offset", out _negativeOffset);
            case (8 << 3) | WireReader.Varint or (8 << 3) | WireReader.Bytes:
                return TryReadCounts(ref reader, tag, "positive_counts", _positive, ref _positiveCount);
            case (10 << 3) | WireReader.Varint or (10 << 3) | WireReader.Bytes:
                return TryReadCounts(ref reader, tag, "negative_counts", _negative, ref _negativeCount);
            case (12 << 3) | WireReader.Varint or (12 << 3) | WireReader.Bytes:
                return TryReadCounts(ref reader, tag, "explicit_counts", _explicit, ref _explicitCount);
            case (11 << 3) | WireReader.Fixed64 or (11 << 3) | WireReader.Bytes:
                return TryReadBounds(ref reader, tag);
            default:
                return fault.Unknown(ref reader, tag, Fields);
        }
    }

    private bool TryReadDouble(ref WireReader reader, string field, out double value)
    {
        bool read = reader.TryReadFixed64(out ulong bits);
        value = BitConverter.UInt64BitsToDouble(bits);
        return read || fault.At(field, reader.Fault);
    }

    private bool TryReadZigZag(ref WireReader reader, string field, out int value)
    {
        bool read = reader.TryReadVarint(out ulong encoded);
        value = (int)((uint)encoded >> 1) ^ -(int)((uint)encoded & 1);
        return read || fault.At(field, reader.Fault);
    }

    private bool TryReadCounts(ref WireReader reader, uint tag, string field, ulong[] into, ref int count)
    {
        if ((tag & 7) != WireReader.Bytes)
        {
            return TryReadCount(ref reader, field, into, ref count);
        }
        if (!reader.TryReadLength(out int length))
        {
            return fault.At(field, reader.Fault);
        }
        WireReader packed = reader.Take(length);
        while (!packed.AtEnd)
        {
            if (!TryReadCount(ref packed, field, into, ref count))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Counts past the limit are counted, not kept: the histogram is rejected then.</summary>
    private bool TryReadCount(ref WireReader reader, string field, ulong[] into, ref int count)
    {
        if (!reader.TryReadVarint(out ulong value))
        {
            return fault.At(field, reader.Fault);
        }
        if (count < into.Length)
        {
            into[count] = value;
        }
        count++;
        return true;
    }

    private bool TryReadBounds(ref WireReader reader, uint tag)
    {
        int length = sizeof(double);
        if ((tag & 7) == WireReader.Bytes && !reader.TryReadLength(out length))
        {
            return fault.At("explicit_bounds", reader.Fault);
        }
        if (length % sizeof(double) != 0)
        {
            return fault.At("explicit_bounds", $"have {length} bytes, which is no multiple of 8");
        }
        for (; length > 0; length -= sizeof(double))
        {
            if (!TryReadDouble(ref reader, "explicit_bounds", out double bound))
            {
                return false;
            }
            if (_boundCount < _bounds.Length)
            {
                _bounds[_boundCount] = bound;
            }
            _boundCount++;
        }
        return true;
    }

    /// <summary>
    /// protobuf does not send a 0, so that "not measured" and 0 look alike: a 0 that the outermost filled bucket cannot hold was not measured. Nor is anything known from
    /// a minimum above the maximum.
    /// </summary>
    private bool IsExtremeUnknown(double extreme, bool isMin) => extreme == 0 ? !CanExtremeBeZero(isMin) : _min > _max && _min != 0 && _max != 0;

    private bool CanExtremeBeZero(bool isMin)
    {
        ReadOnlySpan<ulong> filled = _explicit.AsSpan(0, _explicitCount);
        int bucket = isMin ? filled.IndexOfAnyExcept(0UL) : filled.LastIndexOfAnyExcept(0UL);
        if (bucket >= 0 && _boundCount > 0)
        {
            return (bucket == 0 || _bounds[bucket - 1] < 0) && (bucket == _boundCount || _bounds[bucket] >= 0);
        }
        ReadOnlySpan<ulong> outside = isMin ? _negative.AsSpan(0, _negativeCount) : _positive.AsSpan(0, _positiveCount);
        ReadOnlySpan<ulong> inside = isMin ? _positive.AsSpan(0, _positiveCount) : _negative.AsSpan(0, _negativeCount);
        bool hasBuckets = _zeroCount > 0 || inside.ContainsAnyExcept(0UL);
        // Without buckets, both 0 and a sum of 0 are what measurements of 0 alone look like.
        return !outside.ContainsAnyExcept(0UL) && (hasBuckets ? _zeroCount > 0 : _min == 0 && _max == 0 && _sum == 0);
    }

    private bool BoundsRise()
    {
        for (int i = 0; i < _boundCount; i++)
        {
            if (double.IsNaN(_bounds[i]) || (i > 0 && _bounds[i] <= _bounds[i - 1]))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>A histogram may leave its buckets out altogether and carry count and sum alone.</summary>
    private bool BucketsAddUp()
    {
        if (_positiveCount + _negativeCount + _explicitCount == 0 && _zeroCount == 0)
        {
            return true;
        }
        UInt128 total = _zeroCount;
        foreach (ulong count in _positive.AsSpan(0, _positiveCount))
        {
            total += count;
        }
        foreach (ulong count in _negative.AsSpan(0, _negativeCount))
        {
            total += count;
        }
        foreach (ulong count in _explicit.AsSpan(0, _explicitCount))
        {
            total += count;
        }
        return total == _count;
    }
}

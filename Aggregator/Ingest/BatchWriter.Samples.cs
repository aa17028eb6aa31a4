using System.Diagnostics;
using System.Runtime.InteropServices;
using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Ingest;

/// <summary>The samples of one run: all at once where all of them can be kept.</summary>
internal sealed partial class BatchWriter
{
    private void ApplyPairs(Series series, ReadOnlySpan<ulong> pairs)
    {
        if (pairs.Length > 2 && AreTimes(pairs, stride: 2))
        {
            store.AppendPairs(_writer, series, pairs);
            _applied += pairs.Length / 2;
            return;
        }
        for (int i = 0; i < pairs.Length; i += 2)
        {
            if (IsTime(pairs[i]))
            {
                store.AppendBits(_writer, series, (long)pairs[i], (long)pairs[i + 1]);
                _applied++;
            }
        }
    }

    private void ApplyColumns(Series series, ReadOnlySpan<ulong> timestampsNs, ReadOnlySpan<ulong> bits)
    {
        if (timestampsNs.Length > 1 && AreTimes(timestampsNs, stride: 1))
        {
            store.AppendColumns(_writer, series, timestampsNs, bits);
            _applied += timestampsNs.Length;
            return;
        }
        for (int i = 0; i < timestampsNs.Length; i++)
        {
            if (IsTime(timestampsNs[i]))
            {
                store.AppendBits(_writer, series, (long)timestampsNs[i], (long)bits[i]);
                _applied++;
            }
        }
    }

    private void ApplyHistograms(Series series, ReadOnlySpan<ulong> pairs)
    {
        for (int i = 0; i < pairs.Length; i += 2)
        {
            if (!IsTime(pairs[i]))
            {
                continue;
            }
            int at = (int)(pairs[i + 1] >> 32);
            if (!_histogram.TryRead(new WireReader(decoder.Message, at, at + (int)pairs[i + 1])))
            {
                throw new UnreachableException("BUG: a histogram that passed the structural pass cannot be read again.");
            }
            RejectReason reason = _histogram.Check();
            if (reason == RejectReason.None && !store.TryAppend(_writer, series, (long)pairs[i], _histogram.Sample))
            {
                reason = RejectReason.RingMemory;
            }
            Count(reason);
        }
    }

    private void ApplyAggregates(Series series, ReadOnlySpan<ulong> columns, int rows)
    {
        ReadOnlySpan<double> values = MemoryMarshal.Cast<ulong, double>(columns);
        for (int i = 0; i < rows; i++)
        {
            if (!IsTime(columns[i]))
            {
                continue;
            }
            AggregateSample sample = new(values[rows + i], values[(2 * rows) + i], values[(3 * rows) + i], values[(4 * rows) + i], columns[(5 * rows) + i]);
            if (sample.Count > 0)
            {
                store.AppendAggregate(_writer, series, (long)columns[i], sample);
            }
            Count(sample.Count > 0 ? RejectReason.None : RejectReason.Aggregate);
        }
    }

    /// <summary>False, and counted as rejected, when the samples have no time that can be kept.</summary>
    private bool IsTime(ulong timestampNs, int samples = 1)
    {
        if ((long)timestampNs <= 0)
        {
            Reject(RejectReason.Timestamp, samples);
            return false;
        }
        if ((long)timestampNs <= _writer.SkipUntilNs)
        {
            return false;    // Replayed, and here already by the history that was read back at start.
        }
        _newestNs = Math.Max(_newestNs, (long)timestampNs);
        return true;
    }

    /// <summary>True when all samples of a run can be kept, which is so but for the exception: looked at once, so that they are appended at once.</summary>
    private bool AreTimes(ReadOnlySpan<ulong> timestampsNs, int stride)
    {
        long oldestNs = long.MaxValue;
        long newestNs = 0;
        for (int i = 0; i < timestampsNs.Length; i += stride)
        {
            oldestNs = Math.Min(oldestNs, (long)timestampsNs[i]);
            newestNs = Math.Max(newestNs, (long)timestampsNs[i]);
        }
        if (oldestNs <= Math.Max(0, _writer.SkipUntilNs))
        {
            return false;
        }
        _newestNs = Math.Max(_newestNs, newestNs);
        return true;
    }
}

using System.Diagnostics;
using System.Runtime;

namespace Observability.Aggregator.Diagnostics;

/// <summary>What the process itself takes: processor, memory, garbage collection.</summary>
internal sealed class ProcessMetrics(ServingState serving) : IMetricSource
{
    public IEnumerable<OwnMetric> Read()
    {
        using var process = Process.GetCurrentProcess();
        GCMemoryInfo gc = GC.GetGCMemoryInfo();
        return
        [
            OwnMetric.Counter("process_cpu_seconds_total", "Processor time the aggregator has used.", process.TotalProcessorTime.TotalSeconds),
            OwnMetric.Gauge("process_resident_memory_bytes", "Memory the aggregator holds.", process.WorkingSet64),
            OwnMetric.Gauge(
                "process_start_time_seconds", "When the aggregator started, in seconds since the Unix epoch.",
                (process.StartTime.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds),
            OwnMetric.Counter(
                "dotnet_gc_collections_total", "Garbage collections by generation.", "generation",
                Enumerable.Range(0, GC.MaxGeneration + 1).Select(generation => ($"{generation}", (double)GC.CollectionCount(generation)))),
            OwnMetric.Counter("dotnet_gc_pause_seconds_total", "Time the process was stopped for garbage collection.", GC.GetTotalPauseDuration().TotalSeconds),
            OwnMetric.Counter("dotnet_gc_allocated_bytes_total", "Bytes allocated on the managed heap.", GC.GetTotalAllocatedBytes()),
            OwnMetric.Gauge("dotnet_gc_heap_bytes", "Size of the managed heap at the last collection.", gc.HeapSizeBytes),
            OwnMetric.Counter("dotnet_jit_methods_total", "Methods compiled since the process began.", JitInfo.GetCompiledMethodCount()),
            OwnMetric.Counter("dotnet_jit_seconds_total", "Time spent compiling them.", JitInfo.GetCompilationTime().TotalSeconds),
            OwnMetric.Gauge("dotnet_threadpool_threads", "Threads of the thread pool.", ThreadPool.ThreadCount),
            OwnMetric.Gauge("dotnet_threadpool_queue_length", "Work that waits for a thread.", ThreadPool.PendingWorkItemCount),
            OwnMetric.Gauge("telemetry_serving", "1 while the aggregator takes work, 0 while it starts or drains.", serving.Phase == ServingPhase.Serving ? 1 : 0),
        ];
    }
}

using System.Globalization;
using System.Runtime;
using Prometheus;

namespace Observability.Aggregator.Diagnostics;

/// <summary>What the process itself takes: processor, memory, garbage collection. prometheus-net's own families, and what these leave out.</summary>
internal sealed class ProcessFamilies(ServingState serving) : IPlatformFamilies
{
    public void AddTo(PlatformMetrics metrics)
    {
        DotNetStats.Register(metrics.Registry);
        metrics.Gauge("telemetry_serving", "1 while the aggregator takes work, 0 while it starts or drains.", () => serving.Phase == ServingPhase.Serving ? 1 : 0);
        metrics.Gauge("process_resident_memory_bytes", "Memory the aggregator holds.", () => Environment.WorkingSet);
        metrics.Counter(
            "dotnet_gc_collections_total", "Garbage collections by generation.", "generation",
            () => Enumerable.Range(0, GC.MaxGeneration + 1).Select(one => (one.ToString(CultureInfo.InvariantCulture), (double)GC.CollectionCount(one))));
        metrics.Counter("dotnet_gc_pause_seconds_total", "Time the process was stopped for garbage collection.", () => GC.GetTotalPauseDuration().TotalSeconds);
        metrics.Counter("dotnet_gc_allocated_bytes_total", "Bytes allocated on the managed heap.", () => GC.GetTotalAllocatedBytes());
        metrics.Gauge("dotnet_gc_heap_bytes", "Size of the managed heap at the last collection.", () => GC.GetGCMemoryInfo().HeapSizeBytes);
        metrics.Counter("dotnet_jit_methods_total", "Methods compiled since the process began.", () => JitInfo.GetCompiledMethodCount());
        metrics.Counter("dotnet_jit_seconds_total", "Time spent compiling them.", () => JitInfo.GetCompilationTime().TotalSeconds);
        metrics.Gauge("dotnet_threadpool_threads", "Threads of the thread pool.", () => ThreadPool.ThreadCount);
        metrics.Gauge("dotnet_threadpool_queue_length", "Work that waits for a thread.", () => ThreadPool.PendingWorkItemCount);
    }
}

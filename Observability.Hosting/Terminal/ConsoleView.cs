using System.Threading.Channels;

namespace Aspire.Hosting.Terminal;

/// <summary>Shows a run on the console. Everything that happens goes through one bounded queue to one loop, which alone writes; when
/// the console is slower than the programs, lines are dropped and their number is told.</summary>
internal sealed class ConsoleView(ResourceNotificationService notifications, ResourceLogs logs) : IAsyncDisposable
{
    private const int QueueCapacity = 8192;
    private const int BatchMax = 256;
    private const int PrefixWidthMin = 10;
    private const int TerminalRowsSpare = 4;
    private const string HostName = "host";

    private static readonly TimeSpan RedrawInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>The table is printed to a file once all is settled for this long …</summary>
    private static readonly TimeSpan SettledAfter = TimeSpan.FromMilliseconds(500);

    private readonly Channel<object> _queue = Channel.CreateBounded<object>(new BoundedChannelOptions(QueueCapacity) { SingleReader = true });
    private readonly ConsoleStyle _style = ConsoleStyle.Detect();
    private readonly List<string> _resourceIds = [];
    private readonly Dictionary<string, string> _shownStates = [];
    private Task _loop = Task.CompletedTask;
    private long _droppedLines;
    private int _tableLines;
    private bool _tablePrinted;
    private string? _error;

    public void Start()
    {
        logs.LineWritten += line => Enqueue(line);
        notifications.Changed += change => Enqueue(change);
        _loop = Task.Run(LoopAsync);
    }

    /// <summary>Shown last, after everything else.</summary>
    public void ShowError(string message) => _error = message;

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _loop;
        if (_error is not null)
        {
            await Console.Error.WriteLineAsync(_style.Error(_error));
        }
    }

    private void Enqueue(object item)
    {
        if (!_queue.Writer.TryWrite(item))
        {
            Interlocked.Increment(ref _droppedLines);
        }
    }

    private async Task LoopAsync()
    {
        var text = new StringBuilder();
        bool more = true;
        while (more)
        {
            more = await WaitForNewsAsync();
            for (int count = 0; count < BatchMax && _queue.Reader.TryRead(out object? item); count++)
            {
                Append(text, item);
            }
            if (Interlocked.Exchange(ref _droppedLines, 0) is > 0 and long dropped)
            {
                AppendLine(text, HostName, string.Create(CultureInfo.InvariantCulture, $"{dropped} lines are not shown: the console is too slow."), isError: true);
            }
            Show(text);
            text.Clear();
            if (_style.IsLive && more)
            {
                // Many changes, one drawing.
                await Task.Delay(RedrawInterval);
            }
        }
    }

    /// <summary>Waits for something to show. Returns false when nothing more can come.</summary>
    private async Task<bool> WaitForNewsAsync()
    {
        Task<bool> news = _queue.Reader.WaitToReadAsync().AsTask();
        if (_style.IsLive || _tablePrinted || !IsSettled())
        {
            return await news;
        }
        if (await Task.WhenAny(news, Task.Delay(SettledAfter)) != news)
        {
            PrintTable();
        }
        return await news;
    }

    private bool IsSettled()
    {
        // Whoever still waits when all others have settled waits for one that failed.
        IReadOnlyList<ResourceEvent> newest = notifications.Newest;
        return newest.Count > 0 && newest.All(resource => resource.IsSettled || resource.Snapshot.State == KnownResourceStates.Waiting)
            && newest.Any(resource => resource.IsSettled);
    }

    private void Append(StringBuilder text, object item)
    {
        if (item is LogLine line)
        {
            AppendLine(text, line.ResourceId, LineCleaner.Clean(line.Text, _style.HasColors), line.IsError);
        }
        else if (item is ResourceEvent change)
        {
            AppendChange(text, change);
        }
    }

    private void AppendChange(StringBuilder text, ResourceEvent change)
    {
        ColorIndex(change.ResourceId);
        string state = $"{ResourceTable.DescribeState(change.Snapshot)} {ResourceTable.DescribeAddress(change)}".TrimEnd();
        bool isNews = _shownStates.GetValueOrDefault(change.ResourceId) != state && change.Snapshot.State != KnownResourceStates.NotStarted;
        _shownStates[change.ResourceId] = state;
        if (isNews && !_style.IsLive)
        {
            AppendLine(text, HostName, $"{change.ResourceId}: {state}", isError: false);
        }
    }

    private void AppendLine(StringBuilder text, string resourceId, string line, bool isError)
    {
        int width = Math.Max(PrefixWidthMin, _resourceIds.Count == 0 ? 0 : _resourceIds.Max(id => id.Length));
        string prefix = resourceId.PadRight(width);
        text.Append(resourceId == HostName ? _style.Strong(prefix) : _style.Color(ColorIndex(resourceId), prefix))
            .Append(isError ? _style.Error(" | ") : " | ")
            .AppendLine(line);
    }

    private int ColorIndex(string resourceId)
    {
        int index = _resourceIds.IndexOf(resourceId);
        if (index < 0)
        {
            index = _resourceIds.Count;
            _resourceIds.Add(resourceId);
        }
        return index;
    }

    private void Show(StringBuilder text)
    {
        if (!_style.IsLive)
        {
            Console.Out.Write(text.ToString());
            return;
        }
        var screen = new StringBuilder();
        if (_tableLines > 0)
        {
            // Back to the first line of the table that stands there, and clear from it to the end of the screen.
            screen.Append(CultureInfo.InvariantCulture, $"\u001b[{_tableLines}F\u001b[J");
        }
        screen.Append(text);
        IReadOnlyList<string> table = ResourceTable.Format(notifications.Newest, Math.Max(20, Console.WindowWidth - 1));
        _tableLines = table.Count + TerminalRowsSpare > Console.WindowHeight ? 0 : table.Count + 1;
        if (_tableLines > 0)
        {
            screen.AppendLine().AppendLine(_style.Strong(table[0])).AppendJoin(Environment.NewLine, table.Skip(1)).AppendLine();
        }
        Console.Out.Write(screen.ToString());
    }

    private void PrintTable()
    {
        _tablePrinted = true;
        var text = new StringBuilder().AppendLine();
        text.AppendJoin(Environment.NewLine, ResourceTable.Format(notifications.Newest, int.MaxValue)).AppendLine().AppendLine();
        Console.Out.Write(text.ToString());
    }
}

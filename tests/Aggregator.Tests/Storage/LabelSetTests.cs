using Observability.Aggregator.Storage;

namespace Observability.Aggregator.Tests.Storage;

public sealed class LabelSetTests
{
    [Fact]
    public void From_InWhateverOrder_IsSortedWithoutDuplicatesAndEmptyValues()
    {
        Label[] ready = [new("host", "a"), new("route", "/api"), new("zone", "eu")];
        Label[][] same =
        [
            ready,
            [ready[2], ready[0], ready[1]],
            [new("route", "/former"), .. ready],
            [ready[0], new("idle", ""), ready[1], ready[2]],
            [.. ready, new("zone", "eu")],
        ];
        LabelSet expected = LabelSet.From(("host", "a"), ("route", "/api"), ("zone", "eu"));
        foreach (Label[] labels in same)
        {
            LabelSet set = LabelSet.From(labels);
            Assert.Equal(ready, set.AsSpan().ToArray());
            Assert.Equal((expected, expected.GetHashCode()), (set, set.GetHashCode()));
        }
        Assert.Same(LabelSet.Empty, LabelSet.From(Array.Empty<Label>()));
        Assert.Same(LabelSet.Empty, LabelSet.From([new Label("idle", "")]));
    }

    [Fact]
    public void From_AnArray_IsNotChangedWithIt()
    {
        Label[] labels = [new("host", "a")];
        LabelSet set = LabelSet.From(labels);
        labels[0] = new Label("host", "b");
        Assert.Equal("a", set[0].Value);
    }

    [Fact]
    public void With_SharedStrings_IsEqualAndHoldsThem()
    {
        Dictionary<string, string> shared = new(StringComparer.Ordinal) { ["host"] = new string("host"), ["a"] = new string("a") };
        LabelSet set = LabelSet.From(("host", "a"));
        LabelSet with = set.With(text => shared[text]);
        Assert.Equal((set, set.GetHashCode()), (with, with.GetHashCode()));
        Assert.Same(shared["host"], with[0].Name);
        Assert.Same(shared["a"], with[0].Value);
        Assert.Same(LabelSet.Empty, LabelSet.Empty.With(text => shared[text]));
    }
}

namespace Observability.Aggregator.Storage;

/// <summary>What came of adding a series. Everything but the first two is a limit or a conflict: counted and told, never thrown.</summary>
internal enum AddSeriesResult
{
    Added,
    Exists,
    KindMismatch,
    SeriesLimit,
    ServiceSeriesLimit,
    NameLimit,
    LabelCountLimit,
    LabelNameLimit,
    LabelValueLimit,
    ReservedLabel,
    UnitLimit,
}

namespace Observability.Aggregator.Security;

/// <summary>Who may use an endpoint. Every endpoint names one: see <see cref="AccessMiddleware"/>.</summary>
internal enum Access
{
    /// <summary>Anyone: health, and the files of the page, which hold no data.</summary>
    Public,

    /// <summary>Programs that send telemetry: a key of TELEMETRY_API_KEYS.</summary>
    Ingest,

    /// <summary>People and programs that read telemetry: a token of VIEW_TOKENS.</summary>
    View,
}

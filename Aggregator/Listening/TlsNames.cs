namespace Observability.Aggregator.Listening;

/// <summary>The settings of one port that switch it to TLS.</summary>
internal sealed record TlsNames(string Certificate, string Key, string Password)
{
    public static TlsNames Of(Listener listener)
    {
        string port = ListenSettings.NameOf(listener);
        string prefix = port[..port.LastIndexOf('_')];
        return new TlsNames($"{prefix}_TLS_CERTIFICATE", $"{prefix}_TLS_KEY", $"{prefix}_TLS_PASSWORD");
    }
}

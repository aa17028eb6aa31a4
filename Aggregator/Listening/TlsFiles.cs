namespace Observability.Aggregator.Listening;

/// <summary>The three settings of one port that switch it to TLS, and what they are called.</summary>
internal sealed class TlsFiles(string prefix, string? certificate, string? key, string? password)
{
    public string CertificateName { get; } = $"{prefix}_TLS_CERTIFICATE";

    public string KeyName { get; } = $"{prefix}_TLS_KEY";

    public string PasswordName { get; } = $"{prefix}_TLS_PASSWORD";

    /// <summary>Empty where it is not set, as the other two.</summary>
    public string Certificate { get; } = certificate?.Trim() ?? "";

    public string Key { get; } = key?.Trim() ?? "";

    public string Password { get; } = password?.Trim() ?? "";
}

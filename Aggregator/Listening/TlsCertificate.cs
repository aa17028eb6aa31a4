using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Listening;

/// <summary>What a port shows to its callers: a certificate with its private key, and the intermediate ones that lead to its authority.</summary>
internal sealed record TlsCertificate(X509Certificate2 Leaf, X509Certificate2Collection Intermediates)
{
    private static readonly byte[] PemMark = "-----BEGIN"u8.ToArray();

    /// <summary>From the three settings of a port; null when none is set, which leaves the port in clear text.</summary>
    public static TlsCertificate? Read(TlsFiles names, DateTimeOffset now)
    {
        (string path, string keyPath, string password) = (names.Certificate, names.Key, names.Password);
        if (path.Length == 0)
        {
            return keyPath.Length == 0 && password.Length == 0
                ? null
                : throw new RefusedSettingException(names.CertificateName, "", $"the certificate that {(keyPath.Length > 0 ? names.KeyName : names.PasswordName)} belongs to");
        }
        byte[] bytes = ReadFile(names.CertificateName, path);
        TlsCertificate certificate = bytes.AsSpan().IndexOf(PemMark) >= 0
            ? FromPem(names, path, Encoding.UTF8.GetString(bytes), keyPath, password)
            : FromPkcs12(names, path, bytes, keyPath, password);
        certificate.RefuseUnusable(names, path, now);
        return certificate;
    }

    private static TlsCertificate FromPem(TlsFiles names, string path, string pem, string keyPath, string password)
    {
        string key = keyPath.Length == 0 ? pem : Encoding.UTF8.GetString(ReadFile(names.KeyName, keyPath));
        if (!key.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
        {
            throw new RefusedSettingException(names.KeyName, keyPath, "a PEM file with the private key of the certificate");
        }
        try
        {
            X509Certificate2 leaf = password.Length == 0
                ? X509Certificate2.CreateFromPem(pem, key)
                : X509Certificate2.CreateFromEncryptedPem(pem, key, password);
            var all = new X509Certificate2Collection();
            all.ImportFromPem(pem);
            return new TlsCertificate(Usable(leaf), Without(all, leaf));
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            bool isEncrypted = key.Contains("ENCRYPTED PRIVATE KEY-----", StringComparison.Ordinal);
            throw isEncrypted
                ? new RefusedSettingException(names.PasswordName, password.Length == 0 ? "" : "***", $"the password of the private key ({exception.Message})")
                : new RefusedSettingException(names.CertificateName, path, $"a PEM file whose first certificate belongs to the private key ({exception.Message})");
        }
    }

    private static TlsCertificate FromPkcs12(TlsFiles names, string path, byte[] bytes, string keyPath, string password)
    {
        if (keyPath.Length > 0)
        {
            throw new RefusedSettingException(names.KeyName, keyPath, "nothing beside a PFX file, which holds its key");
        }
        try
        {
            X509Certificate2Collection all = X509CertificateLoader.LoadPkcs12Collection(bytes, password);
            X509Certificate2 leaf = all.FirstOrDefault(one => one.HasPrivateKey)
                ?? throw new RefusedSettingException(names.CertificateName, path, "a PFX file that holds a private key");
            return new TlsCertificate(leaf, Without(all, leaf));
        }
        catch (CryptographicException exception)
        {
            bool isPassword = exception.Message.Contains("password", StringComparison.OrdinalIgnoreCase);
            throw isPassword
                ? new RefusedSettingException(names.PasswordName, password.Length == 0 ? "" : "***", $"the password of {path}")
                : new RefusedSettingException(names.CertificateName, path, $"a certificate as PEM, or as PFX (PKCS #12) ({exception.Message})");
        }
    }

    private void RefuseUnusable(TlsFiles names, string path, DateTimeOffset now)
    {
        if (now > Leaf.NotAfter)
        {
            throw new RefusedSettingException(names.CertificateName, path, $"a certificate that is valid now (this one expired at {Leaf.NotAfter.ToUniversalTime():u})");
        }
        if (now < Leaf.NotBefore)
        {
            throw new RefusedSettingException(names.CertificateName, path, $"a certificate that is valid now (this one begins at {Leaf.NotBefore.ToUniversalTime():u})");
        }
    }

    private static byte[] ReadFile(string name, string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new RefusedSettingException(name, path, $"a file that can be read ({exception.Message})");
        }
    }

    private static X509Certificate2Collection Without(X509Certificate2Collection all, X509Certificate2 leaf) =>
        [.. all.Where(one => one.Thumbprint != leaf.Thumbprint)];

    /// <summary>Windows serves no certificate whose key it has only in memory.</summary>
    private static X509Certificate2 Usable(X509Certificate2 leaf)
    {
        if (!OperatingSystem.IsWindows())
        {
            return leaf;
        }
        using (leaf)
        {
            return X509CertificateLoader.LoadPkcs12(leaf.Export(X509ContentType.Pkcs12), null);
        }
    }
}

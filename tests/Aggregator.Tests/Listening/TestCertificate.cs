using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Observability.Aggregator.Tests.Listening;

/// <summary>An authority and a certificate of localhost under it, as files of a folder that goes with it.</summary>
internal sealed class TestCertificate : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tls-");

    public TestCertificate(DateTimeOffset? notAfter = null, string password = "")
    {
        DateTimeOffset end = notAfter ?? DateTimeOffset.UtcNow.AddDays(2);
        DateTimeOffset begin = end.AddDays(-10);
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authorityRequest = new CertificateRequest("CN=test authority", authorityKey, HashAlgorithmName.SHA256);
        authorityRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        Authority = authorityRequest.CreateSelfSigned(begin, end.AddDays(1));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 signed = request.Create(Authority, begin, end, [1, 2, 3, 4]);
        using X509Certificate2 leaf = signed.CopyWithPrivateKey(key);
        File.WriteAllText(CertificatePath, leaf.ExportCertificatePem());
        File.WriteAllText(KeyPath, password.Length == 0
            ? key.ExportPkcs8PrivateKeyPem()
            : key.ExportEncryptedPkcs8PrivateKeyPem(password, new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)));
        File.WriteAllBytes(PfxPath, leaf.Export(X509ContentType.Pkcs12, password));
        File.WriteAllText(AuthorityPath, Authority.ExportCertificatePem());
    }

    public X509Certificate2 Authority { get; }

    public string CertificatePath => Path.Combine(_folder.FullName, "server.pem");

    public string KeyPath => Path.Combine(_folder.FullName, "server.key");

    public string PfxPath => Path.Combine(_folder.FullName, "server.pfx");

    public string AuthorityPath => Path.Combine(_folder.FullName, "authority.pem");

    /// <summary>Trusts the authority and nothing else; the name must fit.</summary>
    public System.Net.Security.SslClientAuthenticationOptions Trusting() => new()
    {
        CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { Authority },
            RevocationMode = X509RevocationMode.NoCheck,
        },
    };

    public void Dispose()
    {
        Authority.Dispose();
        _folder.Delete(recursive: true);
    }
}

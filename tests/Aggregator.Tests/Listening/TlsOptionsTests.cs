using Microsoft.Extensions.Configuration;
using Observability.Aggregator.Diagnostics;
using Observability.Aggregator.Listening;
using Observability.Aggregator.Tests.Diagnostics;

namespace Observability.Aggregator.Tests.Listening;

public sealed class TlsOptionsTests
{
    [Fact]
    public void Read_WithNothingSet_LeavesEveryPortInClearText()
    {
        TlsOptions settings = Read();
        Assert.All(Enum.GetValues<Listener>(), listener => Assert.Null(settings.Of(listener)));
        Assert.Empty(settings.ExpiriesByPort());
    }

    [Theory]
    [InlineData("")]
    [InlineData("secret")]
    public void Read_PemWithItsKeyOrPfx_TakesEither(string password)
    {
        using var certificate = new TestCertificate(password: password);
        TlsOptions settings = Read(
            ("GRPC_TLS_CERTIFICATE", certificate.CertificatePath), ("GRPC_TLS_KEY", certificate.KeyPath), ("GRPC_TLS_PASSWORD", password),
            ("WS_TLS_CERTIFICATE", certificate.PfxPath), ("WS_TLS_PASSWORD", password));
        Assert.True(settings.Of(Listener.Grpc)!.Leaf.HasPrivateKey);
        Assert.Equal(settings.Of(Listener.Grpc)!.Leaf.Thumbprint, settings.Of(Listener.Web)!.Leaf.Thumbprint);
        Assert.Null(settings.Of(Listener.Metrics));
        Assert.Equal(["grpc", "web"], settings.ExpiriesByPort().Select(one => one.Port.Single()));
    }

    [Fact]
    public void Read_WithAnIntermediate_ServesItToo()
    {
        using var certificate = new TestCertificate();
        File.AppendAllText(certificate.CertificatePath, "\n" + File.ReadAllText(certificate.AuthorityPath));
        TlsOptions settings = Read(("WS_TLS_CERTIFICATE", certificate.CertificatePath), ("WS_TLS_KEY", certificate.KeyPath));
        Assert.Equal("CN=localhost", settings.Of(Listener.Web)!.Leaf.Subject);
        Assert.Equal("CN=test authority", Assert.Single(settings.Of(Listener.Web)!.Intermediates).Subject);
    }

    [Fact]
    public void Read_AMissingFile_NamesSettingAndFile()
    {
        RefusedSettingException refused = Refused(("GRPC_TLS_CERTIFICATE", "/nowhere/server.pem"));
        Assert.StartsWith("Cannot start: GRPC_TLS_CERTIFICATE is '/nowhere/server.pem', allowed is a file that can be read", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public void Read_AMissingKeyFile_NamesIt()
    {
        using var certificate = new TestCertificate();
        Assert.Equal("GRPC_TLS_KEY", Refused(("GRPC_TLS_CERTIFICATE", certificate.CertificatePath), ("GRPC_TLS_KEY", "/nowhere/server.key")).Setting);
        Assert.Equal("GRPC_TLS_KEY", Refused(("GRPC_TLS_CERTIFICATE", certificate.CertificatePath)).Setting);
    }

    [Fact]
    public void Read_AKeyWithoutACertificate_AsksForIt()
    {
        using var certificate = new TestCertificate();
        RefusedSettingException refused = Refused(("WS_TLS_KEY", certificate.KeyPath));
        Assert.Equal("Cannot start: WS_TLS_CERTIFICATE is '', allowed is the certificate that WS_TLS_KEY belongs to.", refused.Message);
    }

    [Theory]
    [InlineData("wrong", "***")]
    [InlineData("", "")]
    public void Read_AWrongPassword_NamesTheSettingAndKeepsTheSecret(string password, string told)
    {
        using var certificate = new TestCertificate(password: "right-one");
        RefusedSettingException pfx = Refused(("GRPC_TLS_CERTIFICATE", certificate.PfxPath), ("GRPC_TLS_PASSWORD", password));
        Assert.StartsWith($"Cannot start: GRPC_TLS_PASSWORD is '{told}', allowed is the password of {certificate.PfxPath}", pfx.Message, StringComparison.Ordinal);
        RefusedSettingException pem = Refused(
            ("GRPC_TLS_CERTIFICATE", certificate.CertificatePath), ("GRPC_TLS_KEY", certificate.KeyPath), ("GRPC_TLS_PASSWORD", password));
        Assert.StartsWith($"Cannot start: GRPC_TLS_PASSWORD is '{told}', allowed is the password of the private key", pem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ACertificateOfAnotherTime_SaysWhen()
    {
        using var expired = new TestCertificate(notAfter: new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
        Assert.Contains("(this one expired at 2026-01-02 03:04:05Z)", Refused(("WS_TLS_CERTIFICATE", expired.PfxPath)).Message, StringComparison.Ordinal);
        using var early = new TestCertificate(notAfter: new DateTimeOffset(2999, 1, 12, 0, 0, 0, TimeSpan.Zero));
        Assert.Contains("(this one begins at 2999-01-02 00:00:00Z)", Refused(("WS_TLS_CERTIFICATE", early.PfxPath)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_AKeyOfAnotherCertificate_IsRefused()
    {
        using var one = new TestCertificate();
        using var other = new TestCertificate();
        Assert.Equal("GRPC_TLS_CERTIFICATE", Refused(("GRPC_TLS_CERTIFICATE", one.CertificatePath), ("GRPC_TLS_KEY", other.KeyPath)).Setting);
    }

    [Fact]
    public void Read_WhatIsNoCertificate_IsRefused()
    {
        using var certificate = new TestCertificate();
        File.WriteAllText(certificate.PfxPath, "not a certificate");
        Assert.Equal("GRPC_TLS_CERTIFICATE", Refused(("GRPC_TLS_CERTIFICATE", certificate.PfxPath)).Setting);
    }

    private static RefusedSettingException Refused(params (string Name, string Value)[] settings) =>
        TestOptions.Refused<TlsOptions>(services => services.AddListeningOptions(), settings);

    private static TlsOptions Read(params (string Name, string Value)[] settings) => TestOptions.Read<TlsOptions>(services => services.AddListeningOptions(), settings);
}

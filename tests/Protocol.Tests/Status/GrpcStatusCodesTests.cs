namespace Observability.Protocol.Tests.Status;

public sealed class GrpcStatusCodesTests
{
    [Fact]
    public void Count_OfTheCodes_IsSeventeen() => Assert.Equal(17, Enum.GetValues<GrpcStatusCode>().Length);

    [Fact]
    public void TryParse_OfEveryHeader_ReturnsItsCode() =>
        Assert.All(Enum.GetValues<GrpcStatusCode>(), code =>
        {
            Assert.True(GrpcStatusCodes.TryParse(code.ToHeader(), out GrpcStatusCode parsed));
            Assert.Equal(code, parsed);
        });

    [Theory]
    [InlineData("17")]
    [InlineData("4711")]
    public void TryParse_OfANumberOutsideTheCodes_IsUnknown(string header)
    {
        Assert.True(GrpcStatusCodes.TryParse(header, out GrpcStatusCode code));
        Assert.Equal(GrpcStatusCode.Unknown, code);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("ok")]
    [InlineData("99999999999")]
    public void TryParse_OfNoNumber_IsRefused(string header) => Assert.False(GrpcStatusCodes.TryParse(header, out _));

    [Theory]
    [InlineData(GrpcStatusCode.Ok, "OK")]
    [InlineData(GrpcStatusCode.DeadlineExceeded, "DEADLINE_EXCEEDED")]
    [InlineData(GrpcStatusCode.Unauthenticated, "UNAUTHENTICATED")]
    [InlineData((GrpcStatusCode)99, "UNKNOWN")]
    public void Name_OfACode_IsTheDocumentedOne(GrpcStatusCode code, string name) => Assert.Equal(name, code.Name());
}

namespace Observability.Protocol.Tests.Status;

public sealed class GrpcMetadataTests
{
    [Fact]
    public void Add_OfBytes_SendsBase64WithoutPadding()
    {
        var metadata = new GrpcMetadata();
        metadata.Add("trace-bin", [1, 2, 3, 4]);

        Assert.Equal(KeyValuePair.Create("trace-bin", "AQIDBA"), Assert.Single(metadata));
    }

    [Theory]
    [InlineData("AQIDBA")]
    [InlineData("AQIDBA==")]
    public void TryDecodeBinary_WithOrWithoutPadding_ReturnsTheBytes(string text)
    {
        Assert.True(GrpcMetadata.TryDecodeBinary(text, out byte[] value));
        Assert.Equal([1, 2, 3, 4], value);
    }

    [Theory]
    [InlineData("A")]
    [InlineData("****")]
    public void TryDecodeBinary_OfOtherText_IsRefused(string text) => Assert.False(GrpcMetadata.TryDecodeBinary(text, out _));

    [Theory]
    [InlineData("", "x")]
    [InlineData("Upper", "x")]
    [InlineData("with space", "x")]
    [InlineData("grpc-timeout", "1S")]
    [InlineData("trace-bin", "text")]
    [InlineData("name", "zürich")]
    [InlineData("name", "two\nlines")]
    public void Add_OfWhatCannotBeSent_IsRefused(string name, string value) =>
        Assert.Throws<ArgumentException>(() => new GrpcMetadata { { name, value } });

    [Fact]
    public void Add_OfBytesUnderATextName_IsRefused() =>
        Assert.Throws<ArgumentException>(() => new GrpcMetadata().Add("trace", [1]));
}

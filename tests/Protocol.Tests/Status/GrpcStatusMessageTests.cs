using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Observability.Protocol.Tests.Status;

public sealed class GrpcStatusMessageTests
{
    [Theory]
    [InlineData("plain text", "plain text")]
    [InlineData("100%", "100%25")]
    [InlineData("Zürich", "Z%C3%BCrich")]
    [InlineData("two\r\nlines", "two%0D%0Alines")]
    [InlineData("✓ 😀", "%E2%9C%93 %F0%9F%98%80")]
    [InlineData("", "")]
    public void Encode_OfText_EscapesAllButPrintableAscii(string message, string encoded)
    {
        Assert.Equal(encoded, GrpcStatusMessage.Encode(message));
        Assert.Equal(message, GrpcStatusMessage.Decode(encoded));
    }

    [Theory]
    [InlineData("50% off", "50% off")]
    [InlineData("%4", "%4")]
    [InlineData("%", "%")]
    [InlineData("%zz%41", "%zzA")]
    [InlineData("%e2%9c%93", "✓")]
    public void Decode_OfMalformedEscapes_LeavesThemAsTheyAre(string encoded, string message) => Assert.Equal(message, GrpcStatusMessage.Decode(encoded));

    [Fact]
    public void Encode_ThenDecode_ReturnsTheText() =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(300),
            Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), text =>
            {
                // A half surrogate is no character: it arrives as the replacement character, as with every UTF-8 encoder.
                string valid = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text.Get));
                Assert.Equal(valid, GrpcStatusMessage.Decode(GrpcStatusMessage.Encode(text.Get)));
            }));

    [Theory]
    [InlineData("a", 4096)]
    [InlineData("ü", 682)]
    [InlineData("😀", 341)]
    public void Encode_OfALongText_CutsAfterAWholeCharacter(string character, int kept)
    {
        string message = string.Concat(Enumerable.Repeat(character, 5000));

        string encoded = GrpcStatusMessage.Encode(message);

        Assert.InRange(encoded.Length, 1, GrpcStatusMessage.EncodedBytesMax);
        Assert.Equal(string.Concat(Enumerable.Repeat(character, kept)), GrpcStatusMessage.Decode(encoded));
    }
}

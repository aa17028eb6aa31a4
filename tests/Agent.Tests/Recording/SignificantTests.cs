using Observability.Agent.Recording;

namespace Observability.Agent.Tests.Recording;

public sealed class SignificantTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(123.456, 123.5)]
    [InlineData(-123.456, -123.5)]
    [InlineData(0.00123456, 0.001235)]
    [InlineData(98765.4, 98770)]
    [InlineData(9999.9, 10000)]
    [InlineData(1, 1)]
    [InlineData(1e30, 1e30)]
    public void Round_AValue_KeepsFourDigits(double value, double rounded) => Assert.Equal(rounded, Significant.Round(value));

    [Fact]
    public void Round_AnyValue_IsTheDoubleNearestToTheDecimal()
    {
        var random = new Random(5);
        for (int i = 0; i < 10_000; i++)
        {
            double value = Math.Pow(10, (random.NextDouble() * 12) - 6);
            string text = Significant.Round(value).ToString("R", System.Globalization.CultureInfo.InvariantCulture);
            int digits = text.Split('E')[0].Where(char.IsAsciiDigit).SkipWhile(c => c == '0').Reverse().SkipWhile(c => c == '0').Count();
            Assert.InRange(digits, 1, Significant.Digits);
        }
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Round_ANonFiniteValue_StaysAsItIs(double value) => Assert.Equal(value, Significant.Round(value));
}

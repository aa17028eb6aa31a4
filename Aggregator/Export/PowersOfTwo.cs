using System.Text;

namespace Observability.Aggregator.Export;

/// <summary>Powers of two as values of le, each made when it is first asked for.</summary>
internal static class PowersOfTwo
{
    private const int PowerMin = -1074;
    private const int PowerMax = 1023;

    private static readonly byte[]?[] Texts = new byte[]?[PowerMax - PowerMin + 1];

    /// <summary>Null where a double has no such power: what lies there is in the bucket above.</summary>
    public static byte[]? Text(long power)
    {
        if (power is < PowerMin or > PowerMax)
        {
            return null;
        }
        ref byte[]? text = ref Texts[power - PowerMin];
        return text ??= Encoding.UTF8.GetBytes(MetricNames.LabelNumber(Math.ScaleB(1, (int)power)));
    }
}

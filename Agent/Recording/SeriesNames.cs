using System.Text;

namespace Observability.Agent.Recording;

/// <summary>What a series may be called; checked once, when it is first used.</summary>
internal static class SeriesNames
{
    public const int NameBytesMax = 256;
    public const int LabelsMax = 32;
    public const int LabelNameBytesMax = 128;
    public const int LabelValueBytesMax = 1024;
    public const int UnitBytesMax = 63;

    public static bool AreValid(string? name, ReadOnlySpan<(string Name, string Value)> labels)
    {
        if (!IsValid(name, NameBytesMax) || labels.Length > LabelsMax)
        {
            return false;
        }
        for (int i = 0; i < labels.Length; i++)
        {
            (string labelName, string value) = labels[i];
            if (!IsValid(labelName, LabelNameBytesMax) || !FitsIn(value, LabelValueBytesMax) || labelName is "service" or "instance")
            {
                return false;
            }
            for (int earlier = 0; earlier < i; earlier++)
            {
                if (labels[earlier].Name == labelName)
                {
                    return false;
                }
            }
        }
        return true;
    }

    public static bool IsValidUnit(string? unit) => FitsIn(unit, UnitBytesMax);

    private static bool IsValid(string? text, int bytesMax) => FitsIn(text, bytesMax) && !string.IsNullOrWhiteSpace(text);

    private static bool FitsIn(string? text, int bytesMax) =>
        text is not null && (text.Length <= bytesMax / 3 || Encoding.UTF8.GetByteCount(text) <= bytesMax);
}

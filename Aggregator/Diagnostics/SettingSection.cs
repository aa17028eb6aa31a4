using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;

namespace Observability.Aggregator.Diagnostics;

/// <summary>Binds a section to an options class and turns the first wrong value into one line that names it.</summary>
internal static class SettingSection
{
    public static T Read<T>(IConfiguration configuration, string section)
        where T : class, new()
    {
        IConfigurationSection values = configuration.GetSection(section);
        foreach (PropertyInfo property in typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            string? text = values[property.Name];
            if (text is not null && !TryConvert(property.PropertyType, text, out _))
            {
                throw new SettingException($"{section}:{property.Name}", text, Allowed(property));
            }
        }
        T options = values.Get<T>() ?? new T();
        foreach (PropertyInfo property in typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            object? value = property.GetValue(options);
            foreach (ValidationAttribute rule in property.GetCustomAttributes<ValidationAttribute>(inherit: true))
            {
                if (!rule.IsValid(value))
                {
                    throw new SettingException(
                        $"{section}:{property.Name}", Convert.ToString(value, CultureInfo.InvariantCulture), Allowed(property));
                }
            }
        }
        return options;
    }

    private static bool TryConvert(Type type, string text, out object? value)
    {
        value = null;
        TypeConverter converter = TypeDescriptor.GetConverter(Nullable.GetUnderlyingType(type) ?? type);
        if (!converter.CanConvertFrom(typeof(string)))
        {
            return true;
        }
        try
        {
            value = converter.ConvertFromInvariantString(text);
            return true;
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException or OverflowException or NotSupportedException)
        {
            return false;
        }
    }

    private static string Allowed(PropertyInfo property)
    {
        Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        string kind = type == typeof(bool) ? "true or false"
            : type == typeof(TimeSpan) ? "a time as hh:mm:ss"
            : type.IsEnum ? "one of " + string.Join(", ", Enum.GetNames(type))
            : type == typeof(string) ? "a text" : "a number";
        return property.GetCustomAttribute<RangeAttribute>() is { } range
            ? string.Create(CultureInfo.InvariantCulture, $"{kind} from {range.Minimum} to {range.Maximum}")
            : kind;
    }
}

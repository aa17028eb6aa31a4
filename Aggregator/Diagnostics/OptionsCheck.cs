using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Options;

namespace Observability.Aggregator.Diagnostics;

/// <summary>Holds each property against its validation attributes, and says setting, value and what is allowed where it fails.</summary>
internal sealed class OptionsCheck<T>(string section) : IValidateOptions<T>
    where T : class
{
    public ValidateOptionsResult Validate(string? name, T options)
    {
        string[] failures =
        [
            .. from property in typeof(T).GetProperties()
               let value = property.GetValue(options)
               where property.GetCustomAttributes<ValidationAttribute>(inherit: true).Any(rule => !rule.IsValid(value))
               select RefusedSettingException.Line(
                   SettingName.Of(section, property), Convert.ToString(value, CultureInfo.InvariantCulture), SettingName.AllowedFor(property)),
        ];
        return failures.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}

/// <summary>What people call a property of an options class, and what it may be.</summary>
internal static class SettingName
{
    public static string Of(string section, PropertyInfo property)
    {
        string key = property.GetCustomAttribute<ConfigurationKeyNameAttribute>()?.Name ?? property.Name;
        return section.Length == 0 ? key : $"{section}:{key}";
    }

    public static string AllowedFor(PropertyInfo property)
    {
        RangeAttribute? range = property.GetCustomAttribute<RangeAttribute>();
        if (range?.ErrorMessage is { } told)
        {
            return told;
        }
        Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        string kind = type == typeof(bool) ? "true or false"
            : type == typeof(TimeSpan) ? "a time as hh:mm:ss"
            : type.IsEnum ? "one of " + string.Join(", ", Enum.GetNames(type))
            : type == typeof(string) ? "a text" : "a number";
        return range is null ? kind : string.Create(CultureInfo.InvariantCulture, $"{kind} from {range.Minimum} to {range.Maximum}");
    }
}

/// <summary>Says what the framework's binder refused: it names a type where people look for a setting. Asked only after it has thrown.</summary>
internal static class BindingFailure
{
    /// <summary>The line, or null if nothing of these sections is wrong.</summary>
    public static string? Describe(IConfiguration configuration, IEnumerable<OptionsSection> sections) => sections
        .Select(section => section.Name.Length == 0 ? FindWrongText(configuration, "", section.Type) : Find(configuration.GetSection(section.Name), section.Type))
        .FirstOrDefault(line => line is not null);

    private static string? Find(IConfigurationSection section, Type type)
    {
        PropertyInfo[] properties = type.GetProperties();
        foreach (IConfigurationSection child in section.GetChildren())
        {
            PropertyInfo? property = Array.Find(properties, one => one.Name.Equals(child.Key, StringComparison.OrdinalIgnoreCase));
            if (property is null || property.SetMethod is null)
            {
                return $"Cannot start: {child.Path} is no setting. {section.Path} has {string.Join(", ", properties.Where(one => one.SetMethod is not null).Select(one => one.Name))}.";
            }
            if (property.PropertyType is { IsGenericType: true } list && list.GetGenericTypeDefinition() == typeof(List<>)
                && child.GetChildren().Select(element => Find(element, list.GenericTypeArguments[0])).FirstOrDefault(line => line is not null) is { } nested)
            {
                return nested;
            }
        }
        return FindWrongText(section, section.Path, type);
    }

    private static string? FindWrongText(IConfiguration values, string section, Type type) => type.GetProperties()
        .Select(property => (Property: property, Text: values[property.GetCustomAttribute<ConfigurationKeyNameAttribute>()?.Name ?? property.Name]))
        .Where(one => one.Text is not null && !Converts(one.Property.PropertyType, one.Text))
        .Select(one => RefusedSettingException.Line(SettingName.Of(section, one.Property), one.Text, SettingName.AllowedFor(one.Property)))
        .FirstOrDefault();

    private static bool Converts(Type type, string text)
    {
        TypeConverter converter = TypeDescriptor.GetConverter(Nullable.GetUnderlyingType(type) ?? type);
        if (!converter.CanConvertFrom(typeof(string)))
        {
            return true;
        }
        try
        {
            converter.ConvertFromInvariantString(text);
            return true;
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException or OverflowException or NotSupportedException)
        {
            return Nullable.GetUnderlyingType(type) is not null && text.Length == 0;
        }
    }
}

using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Tests.Diagnostics;

/// <summary>Every setting of every section, as the program binds and checks it.</summary>
public sealed class OptionsTests
{
    /// <summary>What the program registers; only its configuration is the test's.</summary>
    private static readonly IServiceCollection Registered = Program.CreateBuilder([]).Services;

    /// <summary>Section, property, a value that is refused.</summary>
    public static TheoryData<string, string, string> Wrong
    {
        get
        {
            var wrong = new TheoryData<string, string, string>();
            foreach ((string section, PropertyInfo property) in Sections().SelectMany(one => one.Type.GetProperties(), (one, property) => (one.Name, property)))
            {
                if (property.GetCustomAttribute<RangeAttribute>() is { } range)
                {
                    wrong.Add(section, property.Name, Below(range));
                    if (Above(range) is { } above)
                    {
                        wrong.Add(section, property.Name, above);
                    }
                }
                if (property.PropertyType.IsValueType)
                {
                    wrong.Add(section, property.Name, "many");
                }
            }
            return wrong;
        }
    }

    public static TheoryData<string> SectionNames => [.. Sections().Select(one => one.Name)];

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Value_OutOfRangeOrOfAnotherKind_IsRefusedInOneLine(string section, string property, string value)
    {
        string line = Refusal(($"{section}:{property}", value));
        // Written as the number it was read as.
        Assert.StartsWith($"Cannot start: {section}:{property} is '{value}', allowed is ", line, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', line);
    }

    [Theory]
    [MemberData(nameof(SectionNames))]
    public void Key_ThatNoPropertyHas_IsRefusedByName(string section)
    {
        string line = Refusal(($"{section}:NoSuchSetting", "1"));
        Assert.StartsWith($"Cannot start: {section}:NoSuchSetting is no setting. {section} has ", line, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', line);
    }

    [Fact]
    public void OptionsClass_OfTheProgram_IsRegisteredWithItsChecks()
    {
        using WebApplication app = Program.Build(Program.CreateBuilder([]));
        Type[] registered = [.. app.Services.GetServices<OptionsSection>().Select(one => one.Type)];
        Type[] classes = [.. typeof(Program).Assembly.GetTypes().Where(type => type.Name.EndsWith("Options", StringComparison.Ordinal) && type is { IsClass: true, IsAbstract: false })];
        Assert.NotEmpty(classes);
        Assert.Equal(classes.Select(type => type.Name).Order(), registered.Select(type => type.Name).Order());
        app.Services.GetRequiredService<IStartupValidator>().Validate();
    }

    private static IEnumerable<OptionsSection> Sections() =>
        Registered.Select(service => service.IsKeyedService ? null : service.ImplementationInstance).OfType<OptionsSection>().Where(one => one.Name.Length > 0);

    private static string Refusal((string Name, string Value) setting)
    {
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create(setting.Name, (string?)setting.Value)]).Build();
        IServiceCollection services = new ServiceCollection().Add(Registered);
        services.AddSingleton(configuration);
        using ServiceProvider provider = services.BuildServiceProvider();
        Exception? refused = Record.Exception(() => provider.GetRequiredService<IStartupValidator>().Validate());
        Assert.True(refused is not null, $"{setting.Name}={setting.Value} is taken.");
        return Start.Describe(refused, configuration, services) ?? refused.ToString();
    }

    private static string Below(RangeAttribute range) => range.OperandType == typeof(TimeSpan)
        ? (TimeSpan.Parse((string)range.Minimum, CultureInfo.InvariantCulture) - TimeSpan.FromMilliseconds(1)).ToString()
        : (Convert.ToInt64(range.Minimum, CultureInfo.InvariantCulture) - 1).ToString(CultureInfo.InvariantCulture);

    /// <summary>Null where the range ends with what the type can hold.</summary>
    private static string? Above(RangeAttribute range) => range.OperandType == typeof(TimeSpan)
        ? (TimeSpan.Parse((string)range.Maximum, CultureInfo.InvariantCulture) + TimeSpan.FromMilliseconds(1)).ToString()
        : Convert.ToDouble(range.Maximum, CultureInfo.InvariantCulture) is var max && max < long.MaxValue ? ((long)max + 1).ToString(CultureInfo.InvariantCulture) : null;
}

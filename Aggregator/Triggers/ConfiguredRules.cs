using System.Globalization;
using Observability.Aggregator.Diagnostics;

namespace Observability.Aggregator.Triggers;

/// <summary>The rules of the configuration, read before a port is opened: a wrong one stops the start with one line that names it.</summary>
internal sealed class ConfiguredRules
{
    private ConfiguredRules(IReadOnlyList<TriggerRule> rules) => Rules = rules;

    public IReadOnlyList<TriggerRule> Rules { get; }

    public static ConfiguredRules Read(TriggerOptions options)
    {
        foreach ((string name, string address) in options.Webhooks)
        {
            if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https"))
            {
                throw new RefusedSettingException($"{TriggerOptions.Section}:Webhooks:{name}", address, "an http or https address");
            }
        }
        if (options.Rules.Count > int.Max(0, options.RulesMax))
        {
            string count = options.Rules.Count.ToString(CultureInfo.InvariantCulture);
            throw new RefusedSettingException($"{TriggerOptions.Section}:Rules", $"{count} rules", $"at most {options.RulesMax} (Triggers:RulesMax)");
        }
        var rules = new List<TriggerRule>();
        for (int index = 0; index < options.Rules.Count; index++)
        {
            string setting = $"{TriggerOptions.Section}:Rules:{index}";
            if (!TriggerRule.TryRead(options.Rules[index], options, isConfigured: true, out TriggerRule? rule, out string error))
            {
                throw new RefusedSettingException(setting, options.Rules[index].Name, $"a rule that can be used. {error}");
            }
            if (rules.Any(other => other.Id == rule!.Id))
            {
                throw new RefusedSettingException(setting, rule!.Definition.Name, "a name that no other rule has");
            }
            rules.Add(rule!);
        }
        return new ConfiguredRules(rules);
    }
}

namespace Observability.Aggregator.Triggers;

internal enum RuleOutcome
{
    Done,
    Refused,
    NotFound,
    Conflict,
    NotAllowed,
}

/// <summary>What became of a change of the rules: the rule, or one sentence that says why not.</summary>
internal readonly record struct RuleChange(RuleOutcome Outcome, TriggerRule? Rule, string Message);

/// <summary>All rules, and their changes through the API: one at a time, on disk before they are at work.</summary>
internal sealed partial class TriggerRules(
    ConfiguredRules configured, TriggerOptions options, RulesFile file, TriggerEngine engine, ILogger<TriggerRules> logger)
    : IHostedService, IDisposable
{
    private readonly SemaphoreSlim _gate = new(1);
    private readonly List<TriggerRule> _rules = [];

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _rules.AddRange(configured.Rules);
        foreach (TriggerDefinition definition in file.Read())
        {
            if (!TriggerRule.TryRead(definition, options, isConfigured: false, out TriggerRule? rule, out string error))
            {
                Log.LeftOut(logger, definition.Name, error);
            }
            else if (_rules.Count == options.RulesMax || Find(rule!.Id) is not null)
            {
                string why = _rules.Count == options.RulesMax ? "There are too many rules." : "The configuration has one of this name.";
                Log.LeftOut(logger, definition.Name, why);
            }
            else
            {
                _rules.Add(rule);
            }
        }
        await engine.RunAsync(() => SetAll());
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _gate.Dispose();

    public Task<RuleChange> AddAsync(TriggerDefinition definition) => ChangeAsync(() =>
    {
        if (!TriggerRule.TryRead(definition, options, isConfigured: false, out TriggerRule? rule, out string error))
        {
            return Refused(error);
        }
        if (Find(rule!.Id) is { } same)
        {
            return Conflict(same, $"Cannot add the rule: '{same.Definition.Name}' has the same id, {same.Id}. Choose another name.");
        }
        if (_rules.Count >= options.RulesMax)
        {
            return Refused($"Cannot add the rule: there are {_rules.Count}, {options.RulesMax} are the limit (Triggers:RulesMax).");
        }
        _rules.Add(rule);
        return new RuleChange(RuleOutcome.Done, rule, "");
    });

    public Task<RuleChange> ReplaceAsync(string id, TriggerDefinition definition) => ChangeAsync(() =>
    {
        if (Editable(id) is { Outcome: not RuleOutcome.Done } refused)
        {
            return refused;
        }
        if (!TriggerRule.TryRead(definition, options, isConfigured: false, out TriggerRule? rule, out string error))
        {
            return Refused(error);
        }
        if (rule!.Id != id)
        {
            return Refused($"Cannot change rule '{id}': another name makes another rule. Add that, and remove this one.");
        }
        _rules[_rules.IndexOf(Find(id)!)] = rule;
        return new RuleChange(RuleOutcome.Done, rule, "");
    });

    public Task<RuleChange> RemoveAsync(string id) => ChangeAsync(() =>
    {
        RuleChange change = Editable(id);
        if (change.Outcome == RuleOutcome.Done)
        {
            _rules.Remove(change.Rule!);
        }
        return change;
    });

    private async Task<RuleChange> ChangeAsync(Func<RuleChange> change)
    {
        if (!options.AllowEdits)
        {
            return new RuleChange(RuleOutcome.NotAllowed, null, "Cannot change rules: the configuration forbids it (Triggers:AllowEdits).");
        }
        await _gate.WaitAsync();
        try
        {
            RuleChange done = change();
            if (done.Outcome != RuleOutcome.Done)
            {
                return done;
            }
            string? notKept = file.Write(_rules.Where(rule => !rule.IsConfigured).Select(rule => rule.Definition));
            bool isThere = _rules.Contains(done.Rule!);
            await engine.RunAsync(() => Apply(done.Rule!, isThere));
            return notKept is null
                ? done
                : done with { Message = $"The change holds until the aggregator ends, because the rules cannot be written: {notKept}" };
        }
        finally
        {
            _gate.Release();
        }
    }

    private RuleChange Editable(string id) => Find(id) switch
    {
        null => new RuleChange(RuleOutcome.NotFound, null, $"Cannot find rule '{id}'."),
        { IsConfigured: true } rule => Conflict(rule, $"Cannot change rule '{id}': it comes from the configuration. Change it there."),
        { } rule => new RuleChange(RuleOutcome.Done, rule, ""),
    };

    private static RuleChange Refused(string message) => new(RuleOutcome.Refused, null, message);

    private static RuleChange Conflict(TriggerRule rule, string message) => new(RuleOutcome.Conflict, rule, message);

    private TriggerRule? Find(string id) => _rules.Find(rule => rule.Id == id);

    private bool SetAll()
    {
        _rules.ForEach(engine.Set);
        return true;
    }

    private bool Apply(TriggerRule rule, bool isThere)
    {
        if (isThere)
        {
            engine.Set(rule);
        }
        else
        {
            engine.Remove(rule.Id);
        }
        return isThere;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "Cannot use the kept rule '{Rule}': {Reason} It is left out.")]
        public static partial void LeftOut(ILogger logger, string rule, string reason);
    }
}

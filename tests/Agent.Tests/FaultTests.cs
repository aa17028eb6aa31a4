using Observability.Stress.Faults;

namespace Observability.Agent.Tests;

/// <summary>The fault trials of tests/Stress in their short form.</summary>
public sealed class FaultTests
{
    public static TheoryData<string> Names => new(FaultTrials.All.Keys);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Trial_ShortForm_LosesNothingUncountedAndIsLiveAgain(string name) =>
        TestContext.Current.SendDiagnosticMessage(await FaultTrials.All[name](TimeSpan.FromSeconds(1)));
}

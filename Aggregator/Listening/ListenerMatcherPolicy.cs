using Microsoft.AspNetCore.Routing.Matching;

namespace Observability.Aggregator.Listening;

/// <summary>Routing considers an endpoint only for connections of the port it is mapped to.</summary>
internal sealed class ListenerMatcherPolicy : MatcherPolicy, IEndpointSelectorPolicy
{
    // Before every policy of the framework: an endpoint of another port does not exist, rather than refuse a method.
    public override int Order => -2_000_000;

    public bool AppliesToEndpoints(IReadOnlyList<Endpoint> endpoints) =>
        endpoints.Any(endpoint => endpoint.Metadata.GetMetadata<ListenerMetadata>() is not null);

    public Task ApplyAsync(HttpContext httpContext, CandidateSet candidates)
    {
        Listener? listener = httpContext.Features.Get<ListenerFeature>()?.Listener;
        for (int index = 0; index < candidates.Count; index++)
        {
            if (candidates[index].Endpoint.Metadata.GetMetadata<ListenerMetadata>() is { } wanted && wanted.Listener != listener)
            {
                candidates.SetValidity(index, false);
            }
        }
        return Task.CompletedTask;
    }
}

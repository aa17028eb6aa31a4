using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Integration.Tests.Prometheus;

/// <summary>Questions to a running Prometheus.</summary>
internal sealed class PrometheusApi(HttpClient client)
{
    /// <summary>Labels and value of each series of an instant query; a scalar is one series without labels.</summary>
    public async Task<IReadOnlyList<(string Labels, double Value)>> QueryAsync(string expression)
    {
        JsonElement data = await GetAsync("query", ("query", expression));
        JsonElement result = data.GetProperty("result");
        return data.GetProperty("resultType").GetString() == "scalar"
            ? [("", ValueOf(result))]
            : [.. result.EnumerateArray().Select(series => (series.GetProperty("metric").GetRawText(), ValueOf(series.GetProperty("value"))))];
    }

    /// <summary>Each scraped sample of a selector's last seconds: its labels, when, and its value.</summary>
    public async Task<IReadOnlyList<(JsonElement Labels, double Seconds, double Value)>> SamplesAsync(string rangeSelector)
    {
        JsonElement data = await GetAsync("query", ("query", rangeSelector));
        return [.. data.GetProperty("result").EnumerateArray().SelectMany(series => series.GetProperty("values").EnumerateArray()
            .Select(value => (series.GetProperty("metric"), value[0].GetDouble(), ValueOf(value))))];
    }

    public async Task<IReadOnlySet<string>> MetricNamesAsync() =>
        (await GetAsync("label/__name__/values")).EnumerateArray().Select(name => name.GetString()!).ToHashSet(StringComparer.Ordinal);

    /// <summary>Name and labels of each alert that fires.</summary>
    public async Task<IReadOnlyList<(string Name, string Labels)>> FiringAsync() =>
        [.. (await GetAsync("alerts")).GetProperty("alerts").EnumerateArray()
            .Where(alert => alert.GetProperty("state").GetString() == "firing")
            .Select(alert => (alert.GetProperty("labels").GetProperty("alertname").GetString()!, alert.GetProperty("labels").GetRawText()))];

    private async Task<JsonElement> GetAsync(string path, params (string Name, string Value)[] parameters)
    {
        string query = string.Join('&', parameters.Select(one => $"{one.Name}={Uri.EscapeDataString(one.Value)}"));
        using HttpResponseMessage response = await client.GetAsync($"/api/v1/{path}?{query}", TestContext.Current.CancellationToken);
        if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
        {
            // It starts; those who wait for it ask again.
            throw new HttpRequestException(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
        string body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        JsonElement answer = JsonDocument.Parse(body).RootElement;
        Assert.True(answer.GetProperty("status").GetString() == "success", $"{query}: {body}");
        return answer.GetProperty("data");
    }

    private static double ValueOf(JsonElement pair) => pair[1].GetString() switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        string text => double.Parse(text, CultureInfo.InvariantCulture),
        null => double.NaN,
    };
}

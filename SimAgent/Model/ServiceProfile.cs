namespace Observability.SimAgent.Model;

/// <summary>A path of a service and how much of the traffic it gets.</summary>
internal sealed record Route(string Path, double Share, double LatencyFactor);

/// <summary>What a service is like on a good day.</summary>
/// <param name="Name">Its name on the wire.</param>
/// <param name="MedianMs">Median of its own work per request.</param>
/// <param name="Sigma">Spread of that work: standard deviation of the logarithm.</param>
/// <param name="RateFactor">Its share of the configured rate.</param>
/// <param name="Dependency">What it calls.</param>
/// <param name="DependencyMs">Median of one such call.</param>
/// <param name="Routes">Its paths.</param>
internal sealed record ServiceProfile(
    string Name, double MedianMs, double Sigma, double RateFactor, string Dependency, double DependencyMs, Route[] Routes)
{
    private static readonly ServiceProfile[] Catalogue =
    [
        new("checkout", 38, 0.42, 0.8, "payment-gateway", 22, [new("/api/checkout", 0.6, 1), new("/api/checkout/quote", 0.3, 0.5), new("/api/orders", 0.1, 1.6)]),
        new("cart", 9, 0.35, 1.6, "redis", 1.2, [new("/api/cart", 0.7, 1), new("/api/cart/items", 0.3, 1.3)]),
        new("payment", 70, 0.5, 0.5, "card-network", 60, [new("/api/payments", 0.8, 1), new("/api/refunds", 0.2, 1.4)]),
        new("catalog", 7, 0.4, 2.2, "postgres", 3, [new("/api/products", 0.75, 1), new("/api/products/{id}", 0.25, 0.6)]),
        new("search", 28, 0.6, 1.2, "opensearch", 14, [new("/api/search", 0.8, 1), new("/api/suggest", 0.2, 0.3)]),
        new("inventory", 16, 0.38, 0.9, "postgres", 6, [new("/api/stock", 0.9, 1), new("/api/reservations", 0.1, 2)]),
        new("shipping", 48, 0.45, 0.4, "carrier-api", 45, [new("/api/rates", 0.7, 1), new("/api/labels", 0.3, 1.8)]),
        new("auth", 5, 0.3, 2.5, "redis", 0.9, [new("/oauth/token", 0.4, 1.5), new("/oauth/introspect", 0.6, 0.7)]),
        new("recommendation", 24, 0.55, 0.7, "feature-store", 9, [new("/api/recommendations", 1, 1)]),
        new("user", 8, 0.36, 1.1, "postgres", 3.5, [new("/api/users/{id}", 0.85, 1), new("/api/users", 0.15, 2.2)]),
        new("notification", 13, 0.5, 0.6, "smtp-relay", 30, [new("/api/notifications", 1, 1)]),
        new("pricing", 6, 0.3, 1.4, "redis", 1, [new("/api/prices", 1, 1)]),
    ];

    public static int CountMax => Catalogue.Length;

    public static ReadOnlySpan<ServiceProfile> First(int count) => Catalogue.AsSpan(0, count);
}

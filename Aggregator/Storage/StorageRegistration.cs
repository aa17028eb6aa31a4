using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Observability.Aggregator.Storage;

internal static class StorageRegistration
{
    /// <summary>Adds the store. Program binds <see cref="StorageOptions"/>: storage knows nothing of settings.</summary>
    public static IServiceCollection AddStorage(this IServiceCollection services)
    {
        services.AddSingleton(provider => new TelemetryStore(provider.GetRequiredService<StorageOptions>(), DrawSessionId()));
        services.AddSingleton<HistorySealer>();
        services.AddHostedService<SealerService>();
        return services;
    }

    /// <summary>Never 0, which stands for "no session" on the wire.</summary>
    private static ulong DrawSessionId() => BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(8)) | 1;
}

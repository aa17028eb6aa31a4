using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;

namespace Observability.Aggregator.Storage;

internal static class StorageRegistration
{
    public static IServiceCollection AddStorage(this IServiceCollection services)
    {
        services.AddOptions<StorageOptions>().BindConfiguration(StorageOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton(provider => new TelemetryStore(provider.GetRequiredService<IOptions<StorageOptions>>().Value, DrawSessionId()));
        return services;
    }

    /// <summary>Never 0, which stands for "no session" on the wire.</summary>
    private static ulong DrawSessionId() => BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(8)) | 1;
}

using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Observability.Aggregator.Listening;

namespace Observability.Aggregator.Tests.Listening;

public sealed class BlockMemoryPoolTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void Rent_OfWhatWasReturned_GivesTheSameBlockAgain()
    {
        using var pool = new BlockMemoryPool();
        IMemoryOwner<byte> first = pool.Rent();
        Assert.Equal(BlockMemoryPool.BlockBytes, first.Memory.Length);
        Memory<byte> memory = first.Memory;

        first.Dispose();
        first.Dispose();                                // the second time says nothing new
        Assert.Equal(1, pool.FreeCount);

        using IMemoryOwner<byte> again = pool.Rent(BlockMemoryPool.BlockBytes);
        Assert.True(memory.Equals(again.Memory));
        Assert.Equal(0, pool.FreeCount);
    }

    [Fact]
    public void Rent_OfMoreThanABlock_IsRefused()
    {
        using var pool = new BlockMemoryPool();
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Rent(BlockMemoryPool.BlockBytes + 1));
    }

    [Fact]
    public void Return_OfMoreThanIsKept_LeavesTheRestToTheCollector()
    {
        const int Kept = BlockMemoryPool.KeptBytesMax / BlockMemoryPool.BlockBytes;
        using var pool = new BlockMemoryPool();
        IMemoryOwner<byte>[] rented = [.. Enumerable.Range(0, Kept + 10).Select(_ => pool.Rent())];

        Array.ForEach(rented, block => block.Dispose());

        Assert.Equal(Kept, pool.FreeCount);
    }

    [Fact]
    public void Return_AfterThePoolHasGone_IsDropped()
    {
        var pool = new BlockMemoryPool();
        IMemoryOwner<byte> block = pool.Rent();
        pool.Dispose();

        block.Dispose();

        Assert.Equal(0, pool.FreeCount);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]                                 // without it the same message comes in pieces: the test can fail
    public async Task Request_OfTwentyKilobytes_ArrivesInOnePiece(bool ours)
    {
        bool? single = null;
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.None);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.Protocols = HttpProtocols.Http2));
        if (ours)
        {
            builder.Services.AddSingleton<IMemoryPoolFactory<byte>, BlockMemoryPoolFactory>();
        }
        await using WebApplication app = builder.Build();
        app.Run(async context =>
        {
            ReadResult read = await context.Request.BodyReader.ReadAtLeastAsync(20_000, context.RequestAborted);
            single = read.Buffer.IsSingleSegment;
            context.Request.BodyReader.AdvanceTo(read.Buffer.End);
        });
        await app.StartAsync(Stop);
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()), DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };

        using HttpResponseMessage response = await client.PostAsync("/", new ByteArrayContent(new byte[20_000]), Stop);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(ours, single);
    }
}

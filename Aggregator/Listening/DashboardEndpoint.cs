using System.Net.Mime;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;

namespace Observability.Aggregator.Listening;

/// <summary>Serves the built page to whatever no other endpoint of the web port claims.</summary>
internal static class DashboardEndpoint
{
    private const string NotBuilt = """
        <!doctype html><html lang="en"><meta charset="utf-8"><title>Observability</title>
        <p>The dashboard is not built. Run <code>npm install &amp;&amp; npm run build</code> in <code>dashboard/</code> and reload, or set <code>DASHBOARD_PATH</code>.</p></html>
        """;

    // Vite names files under assets/ by their content.
    private const string AssetsPath = "/assets";
    private const string CacheForever = "public, max-age=31536000, immutable";
    private const string CacheRevalidated = "no-cache";

    private static readonly FileExtensionContentTypeProvider ContentTypes = new();

    public static void MapDashboard(this IEndpointRouteBuilder endpoints)
    {
        DashboardFiles dashboard = endpoints.ServiceProvider.GetRequiredService<DashboardFiles>();
        endpoints.MapMethods("/{**path}", [HttpMethods.Get, HttpMethods.Head], context => ServeAsync(context, dashboard))
            .WithOrder(int.MaxValue)
            .ExcludeFromDescription();
    }

    private static async Task ServeAsync(HttpContext context, DashboardFiles dashboard)
    {
        PathString path = context.Request.Path;
        if (path.StartsWithSegments("/api") || path.StartsWithSegments("/openapi"))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        if (dashboard.Find() is not { } files)
        {
            context.Response.Headers.CacheControl = CacheRevalidated;
            await Results.Content(NotBuilt, MediaTypeNames.Text.Html).ExecuteAsync(context);
            return;
        }
        IFileInfo file = files.GetFileInfo(path.Value ?? "/");
        if (!file.Exists || file.IsDirectory)
        {
            // A path of the page's own router is the page; a file that is asked for by name and absent is not.
            if (Path.HasExtension(path.Value) || path.StartsWithSegments(AssetsPath))
            {
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return;
            }
            file = files.GetFileInfo("index.html");
        }
        await SendAsync(context, file, path.StartsWithSegments(AssetsPath) ? CacheForever : CacheRevalidated);
    }

    private static Task SendAsync(HttpContext context, IFileInfo file, string cacheControl)
    {
        context.Response.Headers.CacheControl = cacheControl;
        context.Response.Headers.XContentTypeOptions = "nosniff";
        string contentType = ContentTypes.TryGetContentType(file.Name, out string? known) ? known : MediaTypeNames.Application.Octet;
        // A file is seen as changed by its size and time, as web servers do.
        var tag = new Microsoft.Net.Http.Headers.EntityTagHeaderValue($"\"{file.LastModified.UtcTicks:x}-{file.Length:x}\"");
        return Results.File(file.PhysicalPath!, contentType, lastModified: file.LastModified, entityTag: tag).ExecuteAsync(context);
    }
}

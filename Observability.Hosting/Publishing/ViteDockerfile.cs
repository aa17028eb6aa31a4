namespace Aspire.Hosting.Publishing;

/// <summary>The image in which a page is built, for others to take the files from.</summary>
internal static class ViteDockerfile
{
    public const string FilesPath = "/app/dist";

    public const string Text = """
        FROM node:22-slim
        WORKDIR /app
        COPY package*.json ./
        RUN --mount=type=cache,target=/root/.npm npm ci
        COPY . .
        RUN npm run build

        """;

    public static string NameOf(ViteAppResource app) => $"{app.Name}.Dockerfile";
}

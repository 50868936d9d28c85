# syntax=docker/dockerfile:1
# A demonstration image: the environment is "Demo", the token is "rootToken", and the banner says so. For production see README.md, "Docker".
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /src
# Projects first: a change in the code alone then reuses the restored packages.
COPY global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY Ascob.Core/Ascob.Core.csproj Ascob.Core/
COPY Ascob.Backends/Ascob.Backends.csproj Ascob.Backends/
COPY Ascob.Demo/Ascob.Demo.csproj Ascob.Demo/
COPY Ascob.Server/Ascob.Server.csproj Ascob.Server/
RUN dotnet restore Ascob.Server/Ascob.Server.csproj
COPY Ascob.Core/ Ascob.Core/
COPY Ascob.Backends/ Ascob.Backends/
COPY Ascob.Demo/ Ascob.Demo/
COPY Ascob.Server/ Ascob.Server/
RUN dotnet publish Ascob.Server/Ascob.Server.csproj --no-restore -c Release -o /app -p:UseAppHost=true

FROM mcr.microsoft.com/dotnet/aspnet:10.0
# curl is for the health check; procps for people who look into the container.
RUN apt-get update \
    && apt-get install -y --no-install-recommends curl procps \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o app -g app -m 0700 /data
COPY --from=build /app /app
# Jobs run with this user's rights: never root.
USER app
WORKDIR /app
ENV ASPNETCORE_ENVIRONMENT=Demo \
    ASPNETCORE_URLS=http://0.0.0.0:8081 \
    ASPNETCORE_HTTP_PORTS= \
    DOTNET_EnableDiagnostics=0 \
    HOME=/data \
    Ascob__DataDirectory=/data \
    Ascob__PublicUrl=http://localhost:8081
VOLUME /data
EXPOSE 8081
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD curl --fail --silent --output /dev/null http://127.0.0.1:8081/healthz/ready
ENTRYPOINT ["dotnet", "/app/Ascob.Server.dll"]

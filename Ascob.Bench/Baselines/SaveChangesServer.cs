using System.Globalization;
using System.Text.Json;
using Ascob.Core.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Ascob.Bench.Baselines;

/// <summary>What one would write first: a pooled context, one row and its label rows, one <c>SaveChanges</c> for each request, the same durability.</summary>
internal static class SaveChangesServer
{
    public const string Verb = "serve-savechanges";

    public static async Task<int> ServeAsync(int port, string file)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseKestrel(k => k.ListenLocalhost(port));
        builder.Services.ConfigureHttpJsonOptions(o => o.SerializerOptions.TypeInfoResolverChain.Insert(0, EchoJson.Default));
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddDbContextPool<PlainContext>(o => o.UseSqlite($"Data Source={file};Default Timeout=30"));
        var app = builder.Build();
        await PrepareAsync(app.Services);
        app.MapGet("/ready", () => Results.Ok());
        app.MapPost("/runs", StoreAsync);
        await app.RunAsync();
        return 0;
    }

    private static async Task<IResult> StoreAsync(EchoRequest request, PlainContext database, TimeProvider time)
    {
        var spec = request.JobSpec!;
        var run = new PlainRun
        {
            Key = Guid.CreateVersion7().ToString("N", CultureInfo.InvariantCulture),
            Submitter = spec.Submitter!,
            Status = "DEFINED",
            DefinedAt = time.GetUtcNow().UtcDateTime,
            Spec = JsonSerializer.Serialize(spec, EchoJson.Default.JobSpec),
            Labels = [.. spec.Labels!.Select(l => new PlainLabel { Name = l.Key, Value = l.Value })],
        };
        database.Add(run);
        await database.SaveChangesAsync();
        return Results.Json(new SubmitRunResponse(run.Id), EchoJson.Default.SubmitRunResponse, statusCode: StatusCodes.Status201Created);
    }

    private static async Task PrepareAsync(IServiceProvider services)
    {
        await using var scope = services.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<PlainContext>();
        await database.Database.EnsureCreatedAsync();

        // The journal mode stays with the file; full synchronisation is what the bundled library does by itself.
        await database.Database.ExecuteSqlRawAsync("PRAGMA journal_mode=WAL");
    }
}

internal sealed class PlainContext(DbContextOptions<PlainContext> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<PlainRun>(run =>
        {
            run.HasIndex(r => r.Key).IsUnique();
            run.HasIndex(r => new { r.Submitter, r.Id });
            run.HasIndex(r => new { r.Status, r.Id });
            run.HasMany(r => r.Labels).WithOne().HasForeignKey(l => l.RunId);
        });
        modelBuilder.Entity<PlainLabel>(label => label.HasIndex(l => new { l.Name, l.Value, l.RunId }));
    }
}

internal sealed class PlainRun
{
    public long Id { get; set; }

    public required string Key { get; set; }

    public required string Submitter { get; set; }

    public required string Status { get; set; }

    public DateTime DefinedAt { get; set; }

    public required string Spec { get; set; }

    public List<PlainLabel> Labels { get; set; } = [];
}

internal sealed class PlainLabel
{
    public long Id { get; set; }

    public long RunId { get; set; }

    public required string Name { get; set; }

    public required string Value { get; set; }
}

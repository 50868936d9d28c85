using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Ascob.Tests.Fixtures;
using Ascob.Tests.Server.Api;
using Microsoft.Extensions.Logging;

namespace Ascob.Tests.Robustness;

public sealed partial class RequestFuzzTests(PostgresFixture postgres)
{
    private const int PostgreSqlShare = 5;
    private const int Workers = 8;
    private static readonly string[] Internals = [".cs:line", "SELECT ", "/home/", "/tmp/", "Exception"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static int Requests => Setting("ASCOB_TEST_FUZZ", 10_000);

    private static int Seed => Setting("ASCOB_TEST_FUZZ_SEED", 20_260_000);

    [Theory]
    [InlineData("Sqlite")]
    [InlineData("PostgreSql")]
    public async Task MangledRequests_AreRefusedWithProblems_AndNeverStoredOrAnsweredWithAServerError(string provider)
    {
        string[] database = provider == "PostgreSql"
            ? ["--Ascob:Database:Provider", provider, "--Ascob:Database:ConnectionString", await postgres.CreateDatabaseAsync()]
            : [];
        var requests = provider == "PostgreSql" ? Requests / PostgreSqlShare : Requests;
        using var log = new LogCapture();
        await using var server = await ApiServer.StartAsync(
            builder => builder.Logging.AddProvider(log),
            ["--Ascob:Backends:dummyBackend:Type", "Dummy", "--Ascob:Limits:MaxFileBytes", "1000000", "--Logging:LogLevel:Default", "Error", .. database]);
        using var client = server.Client();
        var ended = await client.AcceptedAsync(new { submitter = "fuzz", labels = Http.Dummy() });
        Assert.Equal("SUCCEEDED", await client.EndAsync(ended));
        var grammar = new RequestGrammar(ended);
        var faults = new ConcurrentQueue<string>();
        var statuses = new ConcurrentDictionary<int, int>();
        var created = 0;

        await Parallel.ForEachAsync(Enumerable.Range(0, requests), new ParallelOptions { MaxDegreeOfParallelism = Workers, CancellationToken = Token }, async (i, stop) =>
        {
            var request = grammar.Make(Seed + i);
            var answer = await RawHttp.SendAsync(server.Url.Port, request, stop);
            statuses.AddOrUpdate(answer.Status, 1, (_, n) => n + 1);
            if (answer.Status == 201 && answer.Body.AsSpan().IndexOf("\"runId\""u8) >= 0)
            {
                Interlocked.Increment(ref created);
            }

            if (Fault(request, answer) is { } fault)
            {
                faults.Enqueue($"request {Seed + i}, {request.Method} {Short(request.Target)}: {answer.Status} {fault}");
            }
        });

        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", statuses.OrderBy(s => s.Key).Select(s => $"{s.Key}: {s.Value}")));
        Assert.True(faults.IsEmpty, $"{faults.Count} faults\n{string.Join('\n', faults.Take(30))}\n{string.Join('\n', log.Lines.Take(30))}");

        // What is logged as an error was no fault of the client, also where the answer hides it.
        Assert.Empty(log.Lines);
        Assert.Equal(created + 1, (await client.AllRunsAsync(string.Empty)).Count);
        Assert.InRange(statuses.Where(s => s.Key is >= 400 and < 500).Sum(s => s.Value), requests / 2, requests);

        // After all that it still does its work.
        Assert.Equal("SUCCEEDED", await client.EndAsync(await client.AcceptedAsync(new { submitter = "after", labels = Http.Dummy() })));
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("text/plain")]
    public async Task BodyOverTheLimit_IsRefused_ToAClientThatAsksFirst(string mediaType)
    {
        await using var server = await ApiServer.StartWithDummyAsync();
        using var client = server.Client();
        client.DefaultRequestHeaders.ExpectContinue = true;

        using var content = new StringContent($"{{\"jobSpec\":{{\"description\":\"{new string('x', 10 << 20)}\"}}}}", Encoding.UTF8, mediaType);
        using var answer = await client.PostAsync("/api/runs", content, Token);

        Assert.Equal(mediaType == "text/plain" ? HttpStatusCode.UnsupportedMediaType : HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Empty(await client.AllRunsAsync(string.Empty));
    }

    [Fact]
    public async Task ThousandsOfLabels_AreRefusedByName_AndNoRunIsStored()
    {
        await using var server = await ApiServer.StartWithDummyAsync();
        using var client = server.Client();

        using var answer = await client.SubmitAsync(new { submitter = "many", labels = Enumerable.Range(0, 5_000).ToDictionary(i => $"k{i}", _ => "v") });

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>(Token);
        Assert.True(problem.GetProperty("errors").TryGetProperty("jobSpec.labels", out _), problem.ToString());
        Assert.Empty(await client.AllRunsAsync(string.Empty));
    }

    private static int Setting(string variable, int usual) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var given) ? given : usual;

    private static string? Fault(RawRequest request, RawAnswer answer)
    {
        if (answer.Status == 0)
        {
            return request.BreaksHttp || request.IsHuge ? null : "no answer";
        }

        if (answer.Status >= 500)
        {
            return $"{Encoding.UTF8.GetString(answer.Body)}; sent {Short(Encoding.Latin1.GetString(request.Bytes))}";
        }

        var text = Encoding.UTF8.GetString(answer.Body);
        if (!request.Target.StartsWith("/swagger", StringComparison.Ordinal)
            && (Internals.FirstOrDefault(i => text.Contains(i, StringComparison.Ordinal)) ?? (StackFrame().IsMatch(text) ? "a stack" : null)) is { } shown)
        {
            return $"shows {shown}: {Short(text)}";
        }

        // The page for signing in speaks to people.
        if (answer.Status < 400 || request.Method == "HEAD" || request.Target == "/login" || (request.BreaksHttp && answer.Body.Length == 0))
        {
            return null;
        }

        if (Uri.UnescapeDataString(request.Target).Contains("/v1", StringComparison.OrdinalIgnoreCase) && answer.ContentType == "application/json")
        {
            return Kuroko2Fault(answer.Status, text);
        }

        return answer.ContentType == "application/problem+json" ? ProblemFault(answer, text) : $"is no problem document but '{answer.ContentType}': {Short(text)}; sent {Short(Encoding.Latin1.GetString(request.Bytes))}";
    }

    // This interface answers in the form of the system that it stands for.
    private static string? Kuroko2Fault(int status, string text)
    {
        using var body = JsonDocument.Parse(text);
        return body.RootElement.TryGetProperty("status_code", out var code) && code.GetInt32() == status
            && body.RootElement.TryGetProperty("error_code", out var word) && word.GetString() is { Length: > 0 }
            && body.RootElement.TryGetProperty("message", out var message) && message.GetString() is { Length: > 0 }
            ? null
            : $"is not in the form of its interface: {Short(text)}";
    }

    private static string? ProblemFault(RawAnswer answer, string text)
    {
        try
        {
            var problem = JsonDocument.Parse(answer.Body).RootElement;
            return problem.GetProperty("status").GetInt32() == answer.Status && problem.GetProperty("code").GetString() is { Length: > 0 } && problem.TryGetProperty("detail", out _)
                ? null
                : $"is an odd problem: {Short(text)}";
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException)
        {
            return $"is a broken problem: {Short(text)}";
        }
    }

    private static string Short(string text) => text.Length > 400 ? text[..400] + "..." : text;

    [GeneratedRegex(@"\bat [A-Za-z_]\w*(\.[\w<>`]+)+\(")]
    private static partial Regex StackFrame();
}

using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Ascob.Core.Backends;
using Ascob.Core.Runs;
using Ascob.Tests.Server.Api;
using CsCheck;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Robustness;

/// <summary>Random sequences of calls against the whole server and against <see cref="RunModel"/>: after every call both must stand the same.</summary>
public sealed class RunModelTests : IAsyncLifetime
{
    // More in a night's run: ASCOB_MODEL_SEQUENCES=2000.
    private static readonly int Sequences = int.TryParse(Environment.GetEnvironmentVariable("ASCOB_MODEL_SEQUENCES"), CultureInfo.InvariantCulture, out var wanted) ? wanted : 200;
    private const int LongestSequence = 25;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ModelBackend _backend = new();
    private readonly ConcurrentDictionary<long, int> _seen = new();
    private readonly ConcurrentDictionary<string, int> _outcomes = new(StringComparer.Ordinal);
    private ApiServer _server = null!;
    private HttpClient _client = null!;
    private int _lastSequence;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await ApiServer.StartAsync(
            builder => builder.Services.AddSingleton<IBackendType>(_backend),
            "--Ascob:Backends:model:Type", "Model",
            "--Ascob:Backends:model:StopGrace", "01:00:00",
            "--Ascob:Backends:model:Poll:Initial", "00:00:00.200",
            "--Ascob:PublicUrl", "http://127.0.0.1");
        _client = _server.Client();
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task RandomCalls_MoveRunsAsTheModelSays()
    {
        var calls = Gen.Select(Gen.Int[0, 99], Gen.Int[0, 1_000], Gen.Int[0, 1_000]);
        await calls.Array[1, LongestSequence].SampleAsync(PlayAsync, iter: Sequences, threads: 4, print: a => string.Join(' ', a));

        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", _outcomes.OrderBy(o => o.Key, StringComparer.Ordinal).Select(o => $"{o.Key}: {o.Value}")));
        Assert.InRange(_seen.Count, Sequences, int.MaxValue);
    }

    private async Task PlayAsync((int Call, int Which, int How)[] calls)
    {
        var sequence = Interlocked.Increment(ref _lastSequence);
        var submitter = string.Create(CultureInfo.InvariantCulture, $"sequence-{sequence}");
        var model = new RunModel();
        var story = new List<string>();
        try
        {
            foreach (var (call, which, how) in calls)
            {
                if (model.Runs.Count == 0 || call < 30)
                {
                    await SubmitAsync(model, submitter, how, story);
                }
                else
                {
                    await CallAsync(model, model.Runs[which % model.Runs.Count], call, how, story);
                }

                await CompareAsync(model, submitter);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw new InvalidOperationException($"{string.Join("; ", story)} => {e.Message}", e);
        }
    }

    private async Task SubmitAsync(RunModel model, string submitter, int how, List<string> story)
    {
        var answer = (ModelBackend.Answer)(how % 4);
        var isManual = how % 3 == 0;
        var key = how % 5 < 2 ? $"{submitter}-{how % 5}" : null;
        var isStubborn = how % 7 < 3;
        var labels = new Dictionary<string, string>(StringComparer.Ordinal) { ["_execution_backend_id"] = ModelBackend.Id, [ModelBackend.AnswerLabel] = answer.ToString() };
        if (isStubborn)
        {
            labels[ModelBackend.StubbornLabel] = "yes";
        }

        var id = await _client.AcceptedAsync(new { submitter, labels, manualStart = isManual, locks = key is null ? [] : new[] { new { key } } });
        var run = new ModelRun { Id = id, Answer = answer, Lock = key, IsStubborn = isStubborn };
        model.Submitted(run, isManual);
        story.Add($"submit{(isManual ? " manual" : string.Empty)} -> {run}");
    }

    private async Task CallAsync(RunModel model, ModelRun run, int call, int how, List<string> story)
    {
        var before = run.ToString();
        var (name, expected, actual) = call switch
        {
            < 40 => ("start", model.Start(run), await PostAsync($"/api/runs/{run.Id}/start", null)),
            < 52 => ("stop", model.Stop(run, how % 2 == 0), await SendAsync(HttpMethod.Delete, $"/api/runs/{run.Id}?force={(how % 2 == 0 ? "true" : "false")}")),
            < 60 => await ResolveAsync(model, run, (ResolutionVerdict)(how % 3)),
            < 68 => await ReportAsync(model, run, (RunStatus)(how % 10)),
            < 73 => await ResubmitAsync(model, run),
            < 78 => ("refresh", 200, await PostAsync($"/api/runs/{run.Id}/refresh", null)),
            < 85 => Reveal(model, run),
            < 97 => Move(model, run, how),
            _ => ("read unknown", 404, await SendAsync(HttpMethod.Get, "/api/runs/999999999")),
        };
        story.Add($"{name} {before} -> {actual}, {run.Status}");
        _outcomes.AddOrUpdate($"{name} {actual}", 1, (_, n) => n + 1);
        Assert.True(expected == actual, $"{name} of {before}: {actual} instead of {expected}");
    }

    private async Task<(string Name, int Expected, int Actual)> ResolveAsync(RunModel model, ModelRun run, ResolutionVerdict verdict)
    {
        var keys = _backend.Arrived.TryGetValue(run.Id, out var job) ? ModelBackend.Keys(job.Marker) : ModelBackend.Keys("none");
        var word = verdict == ResolutionVerdict.NotStarted ? "not_started" : verdict.ToString().ToLowerInvariant();
        var expected = model.Resolve(run, verdict);
        Task<int> AskAsync() => PostAsync($"/api/runs/{run.Id}/resolve", new { verdict = word, backendKeys = keys, reason = "the model knows" });
        var actual = await AskAsync();
        for (var tries = 0; actual == 409 && expected == 200 && tries < 100; tries++)
        {
            // One that is being stopped may be looked up just now; a verdict is taken when that has had its time.
            await Task.Delay(20, Token);
            actual = await AskAsync();
        }

        return ($"resolve {word}", expected, actual);
    }

    private async Task<(string Name, int Expected, int Actual)> ReportAsync(RunModel model, ModelRun run, RunStatus status)
    {
        // A report of progress without keys would leave a run that nobody can follow but its job; only ends are told then.
        if (!_backend.Arrived.TryGetValue(run.Id, out var job) || (!run.HasKeys && !run.IsFinal && status is RunStatus.Submitted or RunStatus.Running))
        {
            return ("report nothing of", 200, 200);
        }

        var expected = model.Report(run, status);
        return ($"report {status} of", expected, await PostAsync(new Uri(job.CallbackUrl!).AbsolutePath, new { status = status.ToWire() }));
    }

    private async Task<(string Name, int Expected, int Actual)> ResubmitAsync(RunModel model, ModelRun run)
    {
        using var answer = await _client.PostAsJsonAsync($"/api/runs/{run.Id}/resubmit", new { }, Token);
        if (answer.IsSuccessStatusCode)
        {
            var id = (await answer.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("runId").GetInt64();
            model.Submitted(new ModelRun { Id = id, Answer = run.Answer, Lock = run.Lock, IsStubborn = run.IsStubborn }, isManual: false);
        }

        return ("resubmit", 201, (int)answer.StatusCode);
    }

    private (string Name, int Expected, int Actual) Reveal(RunModel model, ModelRun run)
    {
        if (_backend.Arrived.TryGetValue(run.Id, out var job))
        {
            _backend.Hidden.TryRemove(job.Marker, out _);
            model.Reveal(run);
        }

        return ("reveal", 0, 0);
    }

    private (string Name, int Expected, int Actual) Move(RunModel model, ModelRun run, int how)
    {
        var state = (BackendState)(1 + (how % 4));
        if (!run.HasKeys || run.IsFinal)
        {
            return ("move nothing of", 0, 0);
        }

        model.Moved(run, state);
        _backend.Set(_backend.Arrived[run.Id].Marker, state);
        return ($"move to {state}", 0, 0);
    }

    private Task<int> PostAsync(string path, object? body) => SendAsync(HttpMethod.Post, path, body);

    private async Task<int> SendAsync(HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var answer = await _client.SendAsync(request, Token);
        return (int)answer.StatusCode;
    }

    /// <summary>Waits until the server rests where the model does, and looks at every run, its timeline and the search.</summary>
    private async Task CompareAsync(RunModel model, string submitter)
    {
        var statuses = new Dictionary<long, string>();
        await Http.UntilAsync(
            async () =>
            {
                statuses = (await _client.AllRunsAsync($"submitter={submitter}")).ToDictionary(r => r.GetProperty("id").GetInt64(), r => r.GetProperty("status").GetString()!);
                foreach (var run in model.Runs.Where(r => statuses.GetValueOrDefault(r.Id) != r.Status.ToWire()))
                {
                    await PostAsync($"/api/runs/{run.Id}/refresh", null);
                }

                return model.Runs.All(r => statuses.GetValueOrDefault(r.Id) == r.Status.ToWire()) && await AreKeysKnownAsync(model);
            },
            Patience,
            () => Task.FromResult(string.Join(", ", model.Runs.Select(r => $"{r} stands in {statuses.GetValueOrDefault(r.Id)}"))));
        Assert.Equal(model.Runs.Count, statuses.Count);
        foreach (var run in model.Runs)
        {
            await CheckTimelineAsync(run);
        }

        foreach (var group in model.Runs.GroupBy(r => r.Status))
        {
            var found = await _client.AllRunsAsync($"submitter={submitter}&status={group.Key.ToWire()}");
            Assert.Equal(group.Select(r => r.Id).OrderDescending(), found.Select(r => r.GetProperty("id").GetInt64()));
        }
    }

    // A run that is being stopped looks the same before and after its job was found.
    private async Task<bool> AreKeysKnownAsync(RunModel model)
    {
        foreach (var run in model.Runs.Where(r => r is { Status: RunStatus.Aborting, HasKeys: true }))
        {
            if (await _server.Get<IRunStore>().FindAsync(run.Id, Token) is not { BackendKeys.Count: > 0 })
            {
                await PostAsync($"/api/runs/{run.Id}/refresh", null);
                return false;
            }
        }

        return true;
    }

    private async Task CheckTimelineAsync(ModelRun run)
    {
        var events = await _client.EventsAsync(run.Id);
        var read = await _client.JsonAsync($"/api/runs/{run.Id}");
        Assert.Equal(run.Status.ToWire(), read.GetProperty("status").GetString());
        RunStatus? now = null;
        long seq = 0;
        foreach (var one in events)
        {
            Assert.Equal(++seq, one.GetProperty("seq").GetInt64());
            var to = Parse(one.GetProperty("to"))!.Value;
            Assert.False(now?.IsFinal() == true, $"{run} moved after its end");
            if (now is { } from)
            {
                Assert.Equal(from, Parse(one.GetProperty("from")));
                Assert.True(from == to || Enum.GetValues<RunTrigger>().Any(t => RunTransitions.Next(from, t) == to), $"{run}: no trigger leads from {from} to {to}");
            }

            now = to;
        }

        _outcomes.AddOrUpdate($"seen {run.Status}", 1, (_, n) => n + 1);

        Assert.Equal(run.Status, now);
        Assert.Equal(run.IsFinal, read.GetProperty("endTime").ValueKind != JsonValueKind.Null);
        _seen[run.Id] = events.Count;
    }

    private static RunStatus? Parse(JsonElement word) => RunStatusNames.TryParse(word.GetString(), out var status) ? status : null;
}

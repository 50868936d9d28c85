using System.Globalization;
using System.Net;
using System.Text.Json;
using Ascob.Backends.Http;
using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Output;

namespace Ascob.Tests.Examples.Conveyor;

/// <summary>Runs jobs on a conveyor. It has no state of its own: what it must know of a job stands in the run's keys.</summary>
internal sealed class ConveyorBackendAdapter(string backendId, IConveyorApi reads, IConveyorApi orders, TimeProvider time)
    : IBackendAdapter, ISupportFind, ISupportStatus, ISupportStop, ISupportOutput
{
    private const string JobLabel = "conveyor_job";
    private const string IdKey = "startId";
    private const int MostAtOnce = 100;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public string BackendId { get; } = backendId;

    public bool ResendIsSafe => false;

    public bool SeparatesStreams => false;

    public IReadOnlyList<FieldError> Validate(JobSpec spec) => spec.Label(JobLabel) is { Length: > 0 and <= 100 } name && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
        ? []
        : [new FieldError($"jobSpec.labels.{JobLabel}", "names the job: 1 to 100 letters, digits, - and _.")];

    public async Task<SubmitOutcome> SubmitAsync(BackendJob job, CancellationToken cancellationToken)
    {
        if (Validate(job.Spec) is [var error, ..])
        {
            return SubmitOutcome.Rejected($"{error.Field} {error.Message}");
        }

        try
        {
            var order = new ConveyorOrder(job.Marker, job.CallbackUrl, job.Spec.Parameters ?? new Dictionary<string, string>());
            using var answer = await orders.StartAsync(job.Spec.Label(JobLabel)!, order, cancellationToken);
            return answer.StatusCode switch
            {
                HttpStatusCode.Created => await AcceptedAsync(answer, job, cancellationToken),
                HttpStatusCode.NotFound when AnswerText.IsJson(answer) => SubmitOutcome.Rejected($"the conveyor knows no job '{job.Spec.Label(JobLabel)}'"),
                HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => SubmitOutcome.NotNow(HttpFault.Describe(answer.StatusCode)),
                HttpStatusCode.TooManyRequests => SubmitOutcome.NotNow(HttpFault.Describe(answer.StatusCode), HttpFault.RetryAfter(answer, time)),
                HttpStatusCode.NotFound or (>= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest) => SubmitOutcome.NotNow($"{HttpFault.Describe(answer.StatusCode)}, which is no conveyor"),
                _ => SubmitOutcome.Unknown(HttpFault.Describe(answer.StatusCode)),
            };
        }
        catch (Exception e) when (HttpFault.IsExpected(e))
        {
            return HttpFault.OfSubmission(e);
        }
    }

    public async Task<FindOutcome> FindAsync(BackendJob job, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await reads.SearchAsync(job.Marker, cancellationToken);
            return await ListOfAsync(answer, cancellationToken) is not { } list
                ? new FindOutcome(FindOutcomeKind.Failed, Reason: HttpFault.Describe(answer.StatusCode))
                : list.FirstOrDefault(s => s.Marker == job.Marker) is { Id: { } id }
                    ? new FindOutcome(FindOutcomeKind.Found, Keys(id), $"the conveyor has {job.Marker} as start {id}")
                    : new FindOutcome(FindOutcomeKind.NotFound);
        }
        catch (Exception e) when (HttpFault.IsExpected(e))
        {
            return new FindOutcome(FindOutcomeKind.Failed, Reason: HttpFault.Describe(e));
        }
    }

    public async Task<IReadOnlyList<BackendReport>> GetStatusesAsync(IReadOnlyList<BackendRunRef> runs, CancellationToken cancellationToken)
    {
        var reports = new List<BackendReport>(runs.Count);
        foreach (var some in runs.Chunk(MostAtOnce))
        {
            reports.AddRange(await AskAsync(some, cancellationToken));
        }

        return reports;
    }

    public async Task<StopOutcome> StopAsync(BackendRunRef run, StopMode mode, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await orders.RecallAsync(IdOf(run), cancellationToken);
            return answer.StatusCode == HttpStatusCode.Accepted ? new StopOutcome(true) : new StopOutcome(false, HttpFault.Describe(answer.StatusCode));
        }
        catch (Exception e) when (HttpFault.IsExpected(e))
        {
            return new StopOutcome(false, HttpFault.Describe(e));
        }
    }

    public async Task<OutputChunk> ReadOutputAsync(BackendRunRef run, OutputChannel channel, long offset, int maxBytes, CancellationToken cancellationToken)
    {
        using var answer = await reads.LogAsync(IdOf(run), offset, cancellationToken);
        answer.EnsureSuccessStatusCode();
        var bytes = await answer.Content.ReadAsByteArrayAsync(cancellationToken);
        var piece = bytes.AsMemory(0, Math.Min(bytes.Length, maxBytes));
        var isOver = answer.Headers.TryGetValues("X-Over", out var over) && over.Contains("true", StringComparer.Ordinal);
        return new OutputChunk(piece, offset + piece.Length, isOver && piece.Length == bytes.Length);
    }

    public async Task<BackendHealth> CheckHealthAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await reads.PingAsync(cancellationToken);
            return answer.StatusCode switch
            {
                HttpStatusCode.OK when AnswerText.IsJson(answer) => new BackendHealth(true),
                HttpStatusCode.Unauthorized => new BackendHealth(false, $"{HttpFault.Describe(answer.StatusCode)}: mend Ascob:Backends:{BackendId}:AuthToken"),
                _ => new BackendHealth(false, $"{HttpFault.Describe(answer.StatusCode)}, which is no conveyor: mend Ascob:Backends:{BackendId}:Url"),
            };
        }
        catch (Exception e) when (HttpFault.IsExpected(e))
        {
            return new BackendHealth(false, $"{HttpFault.Describe(e)}: start it, or mend Ascob:Backends:{BackendId}:Url");
        }
    }

    private static async Task<SubmitOutcome> AcceptedAsync(HttpResponseMessage answer, BackendJob job, CancellationToken cancellationToken)
    {
        var start = await ReadAsync<ConveyorStart>(answer, cancellationToken);
        return start is { Id: { Length: > 0 } id, Marker: { } marker } && marker == job.Marker
            ? SubmitOutcome.Accepted(Keys(id))
            : SubmitOutcome.Unknown("the backend's answer does not name the start");
    }

    private async Task<IEnumerable<BackendReport>> AskAsync(BackendRunRef[] runs, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await reads.ListAsync(string.Join(',', runs.Select(IdOf)), cancellationToken);
            if (await ListOfAsync(answer, cancellationToken) is not { } list)
            {
                var pause = answer.StatusCode == HttpStatusCode.TooManyRequests ? HttpFault.RetryAfter(answer, time) : null;
                return runs.Select(r => Unreachable(r, HttpFault.Describe(answer.StatusCode)) with { RetryAfter = pause }).ToList();
            }

            var byId = list.DistinctBy(s => s.Id).ToDictionary(s => s.Id!, StringComparer.Ordinal);
            return runs.Select(r => byId.TryGetValue(IdOf(r), out var start) ? Report(r, start) : new BackendReport { Marker = r.Marker, State = BackendState.NotFound }).ToList();
        }
        catch (Exception e) when (HttpFault.IsExpected(e))
        {
            return runs.Select(r => Unreachable(r, HttpFault.Describe(e))).ToList();
        }
    }

    private static BackendReport Report(BackendRunRef run, ConveyorStart start) => ConveyorWords.StateOf(start.State ?? string.Empty) is { } state
        ? new BackendReport { Marker = run.Marker, State = state, Word = start.State, Reason = start.Note }
        : Unreachable(run, $"the conveyor says '{start.State}', which Ascob does not know") with { Word = start.State };

    private static BackendReport Unreachable(BackendRunRef run, string reason) => new() { Marker = run.Marker, State = BackendState.Unreachable, Reason = reason };

    // Null for anything that is not the product's own good answer: only from one of those may "it is not there" be concluded.
    private static async Task<List<ConveyorStart>?> ListOfAsync(HttpResponseMessage answer, CancellationToken cancellationToken) =>
        answer.StatusCode == HttpStatusCode.OK && await ReadAsync<ConveyorList>(answer, cancellationToken) is { Starts: { } starts } && starts.All(s => s?.Id is not null)
            ? [.. starts.OfType<ConveyorStart>()]
            : null;

    private static async Task<T?> ReadAsync<T>(HttpResponseMessage answer, CancellationToken cancellationToken)
        where T : class
    {
        if (!AnswerText.IsJson(answer))
        {
            return null;
        }

        await answer.Content.LoadIntoBufferAsync(BackendHttp.LargestAnswer, cancellationToken);
        var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
        return await JsonSerializer.DeserializeAsync<T>(stream, Json, cancellationToken);
    }

    private static string IdOf(BackendRunRef run) => run.Keys.GetValueOrDefault(IdKey) is { } id && long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out _) ? id : "0";

    private static Dictionary<string, string> Keys(string id) => new(StringComparer.Ordinal) { [IdKey] = id };
}

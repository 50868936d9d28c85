using System.Globalization;
using Ascob.Core.Runs;

namespace Ascob.Core.Repository;

/// <summary>The events that were created for one run, read out of its timeline and on from where the last reading ended.</summary>
internal sealed class ExecutionTimeline(IRunStore store, long runId)
{
    private const string NameKey = RunEventTypes.CustomName;
    private const string CauseKey = "cause";
    private const string SourceKey = "source";
    private const string IdKey = "id";
    private const string OrderKey = "order";
    private const string OutcomeKey = "outcomeOf";
    private const string ProblemKey = "problem";
    private const string SignalledKey = "signalled";

    // How earlier versions told when an event was asked for that they stored later.
    private const string AskedKey = "askedAt";

    private const int Page = 500;

    private readonly List<ExecutionEvent> _created = [];
    private long _readTo;

    /// <summary>Gets the events that were read so far, the oldest first.</summary>
    public IReadOnlyList<ExecutionEvent> Created => _created;

    /// <summary>Reads what is new.</summary>
    public async Task ReadOnAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<RunEvent> page;
        do
        {
            page = await store.EventsAsync(runId, _readTo, Page, cancellationToken).ConfigureAwait(false);
            foreach (var one in page)
            {
                Take(one);
            }

            _readTo = page.Count > 0 ? page[^1].Seq : _readTo;
        }
        while (page.Count == Page);
    }

    /// <summary>Answers the event of an id; null where there is none.</summary>
    public ExecutionEvent? Find(string id) => _created.Find(e => string.Equals(e.Id, id, StringComparison.Ordinal));

    /// <summary>Answers the event at a place of the timeline; null where there is none.</summary>
    public ExecutionEvent? Find(long seq) => _created.Find(e => e.Seq == seq);

    /// <summary>Writes an event as the timeline holds it.</summary>
    public static IReadOnlyDictionary<string, string> DataOf(NewExecutionEvent wanted, string? cause)
    {
        var data = new Dictionary<string, string>(StringComparer.Ordinal) { [NameKey] = wanted.Name, [SourceKey] = wanted.Source };
        if (cause is not null)
        {
            data[CauseKey] = cause;
        }

        if (wanted.Id is not null)
        {
            data[IdKey] = wanted.Id;
        }

        if (wanted.IsOrder)
        {
            data[OrderKey] = "true";
        }

        return data;
    }

    /// <summary>Writes what became of an order.</summary>
    public static IReadOnlyDictionary<string, string> DataOf(ExecutionEvent order, SignalOutcome outcome)
    {
        var data = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [OutcomeKey] = order.Seq.ToString(CultureInfo.InvariantCulture),
            [SignalledKey] = outcome.Signalled ? "true" : "false",
        };
        if (outcome.Problem is not null)
        {
            data[ProblemKey] = outcome.Problem;
        }

        return data;
    }

    private void Take(RunEvent one)
    {
        if (one.Data is not { } data)
        {
            return;
        }

        if (one.Type == RunEventTypes.Custom)
        {
            _created.Add(Read(one, data));
        }
        else if (data.TryGetValue(OutcomeKey, out var of)
            && long.TryParse(of, NumberStyles.None, CultureInfo.InvariantCulture, out var seq)
            && _created.FindIndex(e => e.Seq == seq) is >= 0 and var at)
        {
            _created[at] = _created[at] with { Signalled = data.GetValueOrDefault(SignalledKey) == "true", Problem = data.GetValueOrDefault(ProblemKey) };
        }
    }

    private static ExecutionEvent Read(RunEvent one, IReadOnlyDictionary<string, string> data) => new(
        data.GetValueOrDefault(NameKey, string.Empty),
        data.GetValueOrDefault(CauseKey),
        data.TryGetValue(AskedKey, out var asked) && DateTimeOffset.TryParse(asked, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var at) ? at : one.At,
        data.GetValueOrDefault(SourceKey, ExecutionEvent.Api),
        data.TryGetValue(SignalledKey, out var signalled) ? signalled == "true" : null)
    {
        Id = data.GetValueOrDefault(IdKey),
        Seq = one.Seq,
        IsOrder = data.ContainsKey(OrderKey),
    };
}

using Ascob.Core.Backends;
using Ascob.Core.Jobs;

namespace Ascob.Core.Routing;

/// <summary>
/// Chooses the backend of a job. Deterministic: the same job, run number and condition of the backends give the same choice, whatever the order of registration.
/// </summary>
public sealed class Router(BackendCatalog catalog)
{
    /// <summary>The one reserved label: names a backend.</summary>
    public const string BackendIdLabel = "_execution_backend_id";

    private readonly string[] _instanceLabels = [.. catalog.All.Select(b => b.Type.InstanceLabel).OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>Decides. The run's number spreads equal jobs over equal backends; 0 where there is no run yet.</summary>
    public RoutingDecision Decide(JobSpec spec, long runId)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var fits = new List<(BackendEntry Backend, List<string> Reasons)>();
        var refused = new List<RoutingReason>();
        foreach (var backend in catalog.All)
        {
            var (reasons, fitting) = Judge(spec, backend);
            if (fitting)
            {
                fits.Add((backend, reasons));
            }
            else
            {
                refused.Add(new RoutingReason(backend.Id, reasons));
            }
        }

        var ranked = fits.Select(f => (f.Backend, f.Reasons, Rank: Rank(f.Backend, runId)))
            .OrderBy(f => f.Rank.Unhealthy)
            .ThenBy(f => f.Rank.Full)
            .ThenBy(f => f.Rank.Load)
            .ThenByDescending(f => f.Rank.Score)
            .ThenBy(f => f.Backend.Id, StringComparer.Ordinal)
            .ToList();
        var equals = ranked.Where(f => f.Rank.IsEqualTo(ranked[0].Rank)).ToList();
        foreach (var (backend, reasons, rank) in ranked)
        {
            Explain(backend, reasons, rank);
            if (equals.Count > 1 && rank.IsEqualTo(ranked[0].Rank))
            {
                reasons.Add($"one of {equals.Count} equals: takes {backend.Options.Weight} of {equals.Sum(e => e.Backend.Options.Weight)} such runs");
            }
        }

        return new RoutingDecision(
            ranked.Count == 0 ? null : ranked[0].Backend.Id,
            [.. ranked.Select(f => new RoutingReason(f.Backend.Id, f.Reasons))],
            refused);
    }

    private (List<string> Reasons, bool Fits) Judge(JobSpec spec, BackendEntry backend)
    {
        var (why, fits, named) = Named(spec, backend);
        if (!fits)
        {
            return ([why!], false);
        }

        if (!named)
        {
            var mismatches = Mismatches(spec, backend).ToList();
            if (mismatches.Count > 0)
            {
                return (mismatches, false);
            }

            var matched = (spec.Labels ?? new Dictionary<string, string>()).Keys.Where(backend.Options.Labels.ContainsKey).ToList();
            var speaks = (spec.Labels ?? new Dictionary<string, string>()).Keys
                .Any(k => k.StartsWith(backend.Type.LabelPrefix, StringComparison.Ordinal));
            if (matched.Count == 0 && !backend.ServedHere)
            {
                // A new worker must not draw jobs to its machine that never asked for one.
                return (["a worker takes jobs that carry one of its labels, or name it"], false);
            }

            if (matched.Count == 0 && !speaks)
            {
                return ([$"the job has no label that leads here: '{BackendIdLabel}', '{backend.Type.LabelPrefix}…' or one that the backend declares"], false);
            }

            why = matched.Count > 0 ? $"label {string.Join(", ", matched.Select(k => $"'{k}'"))} matches" : $"the job has '{backend.Type.LabelPrefix}…' labels";
        }

        var errors = backend.Adapter.Validate(spec);
        return errors.Count > 0
            ? ([.. errors.Select(e => $"{e.Field}: {e.Message}")], false)
            : ([why!], true);
    }

    // Step 1 and 2 of the routing rules: a label that names the backend decides alone.
    private (string? Why, bool Fits, bool Named) Named(JobSpec spec, BackendEntry backend)
    {
        if (spec.Label(BackendIdLabel) is { } id)
        {
            return string.Equals(id, backend.Id, StringComparison.Ordinal)
                ? ($"named by label '{BackendIdLabel}'", true, true)
                : ($"label '{BackendIdLabel}' names another backend", false, true);
        }

        if (backend.Type.InstanceLabel is { } instanceLabel && spec.Label(instanceLabel) is { } instance)
        {
            return string.Equals(instance, backend.Id, StringComparison.Ordinal)
                ? ($"named by label '{instanceLabel}'", true, true)
                : ($"label '{instanceLabel}' names another backend", false, true);
        }

        return _instanceLabels.FirstOrDefault(l => spec.Label(l) is not null) is { } other
            ? ($"label '{other}' names a backend of another type", false, true)
            : (null, true, false);
    }

    private IEnumerable<string> Mismatches(JobSpec spec, BackendEntry backend)
    {
        foreach (var (key, value) in spec.Labels ?? new Dictionary<string, string>())
        {
            if (!catalog.DeclaredLabels.Contains(key))
            {
                continue;
            }

            if (!backend.Options.Labels.TryGetValue(key, out var own))
            {
                yield return $"the backend does not declare label '{key}'";
            }
            else if (!string.Equals(own, value, StringComparison.Ordinal))
            {
                yield return $"label '{key}' is '{own}' here, the job wants '{value}'";
            }
        }
    }

    private static Ranking Rank(BackendEntry backend, long runId)
    {
        var condition = backend.Condition;
        var capacity = backend.Options.MaxConcurrentRuns;
        return new Ranking(
            condition.Circuit != CircuitState.Closed || condition.Away is not null || condition.Drained || condition.Paused > TimeSpan.Zero,
            capacity is { } max && condition.Active >= max,
            capacity is { } most ? (double)condition.Active / most : 0,
            RendezvousHash.Score(backend.Id, runId, backend.Options.Weight));
    }

    private static void Explain(BackendEntry backend, List<string> reasons, Ranking rank)
    {
        var condition = backend.Condition;
        reasons.Add(condition.Away is { } away ? away : condition.Drained ? "drained: takes no new runs" : condition.Paused > TimeSpan.Zero ? "asks for fewer requests" : $"circuit {condition.Circuit.ToString().ToLowerInvariant()}");
        if (backend.Options.MaxConcurrentRuns is { } max)
        {
            reasons.Add($"{condition.Active} of {max} runs{(rank.Full ? ", full" : string.Empty)}");
        }
    }

    private readonly record struct Ranking(bool Unhealthy, bool Full, double Load, double Score)
    {
        // Among these the hash of the run's number decides, so what is said of them holds for every run.
        public bool IsEqualTo(Ranking other) => (Unhealthy, Full, Load) == (other.Unhealthy, other.Full, other.Load);
    }
}

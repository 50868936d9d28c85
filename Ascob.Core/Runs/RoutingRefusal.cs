using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Routing;

namespace Ascob.Core.Runs;

/// <summary>Says why no backend can run a job.</summary>
internal static class RoutingRefusal
{
    /// <summary>A named backend that cannot run the job says which fields are wrong; otherwise every backend says why it was refused.</summary>
    public static Error Of(JobSpec spec, RoutingDecision route, BackendCatalog catalog)
    {
        IReadOnlyDictionary<string, string[]>? fields = null;
        if (catalog.TryGet(spec.Label(Router.BackendIdLabel), out var named))
        {
            fields = Error.Invalid(named.Adapter.Validate(spec)).Fields;
        }
        else if (spec.Label(Router.BackendIdLabel) is { } unknown)
        {
            fields = Error.Invalid($"jobSpec.labels.{Router.BackendIdLabel}", $"there is no backend '{unknown}'").Fields;
        }
        else
        {
            var spoken = catalog.All.Where(b => (spec.Labels ?? new Dictionary<string, string>()).Keys.Any(k => k.StartsWith(b.Type.LabelPrefix, StringComparison.Ordinal)))
                .SelectMany(b => b.Adapter.Validate(spec)).ToList();
            fields = spoken.Count > 0 ? Error.Invalid(spoken).Fields : null;
        }

        return new Error(ErrorKind.Impossible, "routing.no_backend", "No backend can run this job.", fields)
        {
            Extensions = new Dictionary<string, object?>(StringComparer.Ordinal) { ["refused"] = route.Refused },
        };
    }
}

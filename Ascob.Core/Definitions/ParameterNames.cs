using Ascob.Core.Backends;
using Ascob.Core.Definitions.Parameters;
using Ascob.Core.Jobs;
using Ascob.Core.Routing;

namespace Ascob.Core.Definitions;

/// <summary>Tells when a definition is saved which of its parameters no backend would take, so that not every launch is refused.</summary>
public sealed class ParameterNames(BackendCatalog catalog)
{
    /// <summary>Notes the names that a job of this template could never have, with the place. Where it goes is known by its labels; where they do not tell, nothing is noted.</summary>
    internal void Check(JobSpec template, ParameterSchema schema, FieldErrorList errors)
    {
        var backends = BackendsOf(template);
        if (backends.Count == 0)
        {
            return;
        }

        foreach (var (map, name) in NamesOf(template, schema))
        {
            var problems = backends.Select(b => b.Adapter.ParameterNameProblem(name)).ToList();
            if (problems.TrueForAll(p => p is not null))
            {
                errors.Add(FieldErrorList.Member(map, name), problems[0]!);
            }
        }
    }

    private static IEnumerable<(string Map, string Name)> NamesOf(JobSpec template, ParameterSchema schema)
    {
        var own = template.Parameters?.Keys ?? [];
        var secret = template.SecretParameters?.Keys ?? [];
        return
        [
            .. own.Select(n => ("jobSpec.parameters", n)),
            .. secret.Select(n => ("jobSpec.secretParameters", n)),
            .. schema.Names.Where(n => schema.IsHandedOver(n) && !own.Contains(n) && !secret.Contains(n)).Select(n => ("parameters.properties", n)),
        ];
    }

    private IReadOnlyList<BackendEntry> BackendsOf(JobSpec template) => template.Label(Router.BackendIdLabel) is { } id
        ? catalog.TryGet(id, out var named) ? [named] : []
        : [.. catalog.All.Where(b => template.Labels?.Keys.Any(k => k.StartsWith(b.Type.LabelPrefix, StringComparison.Ordinal)) == true)];
}

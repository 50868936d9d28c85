using System.Text.Json;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;

namespace Ascob.Core.Definitions;

/// <summary>Makes the jobs of the definitions of one source, whose values are checked and filled in by rules of their own.</summary>
public interface ILaunchForm
{
    /// <summary>Gets the source whose definitions it is for, see <see cref="Definition.Source"/>.</summary>
    string Source { get; }

    /// <summary>Makes the job of a launch.</summary>
    /// <param name="definition">The definition.</param>
    /// <param name="parameters">The values, a JSON object; null for none.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    Task<Result<JobSpec>> MakeAsync(Definition definition, JsonElement? parameters, CancellationToken cancellationToken);
}

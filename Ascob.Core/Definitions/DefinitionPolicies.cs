using Ascob.Core.Runs;

namespace Ascob.Core.Definitions;

/// <summary>Answers what keeps runs of definitions from starting.</summary>
public sealed class DefinitionPolicies(IDefinitionStore store) : ILaunchPolicies
{
    /// <inheritdoc/>
    public async Task<LaunchPolicy?> FindAsync(long definitionId, CancellationToken cancellationToken) =>
        await store.FindAsync(definitionId, cancellationToken).ConfigureAwait(false) is { } definition ? Of(definition) : null;

    /// <summary>Answers the policy of a definition.</summary>
    public static LaunchPolicy Of(Definition definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        var next = definition.Content.NextExecution;
        return new LaunchPolicy(
            next is NextExecution.NotWhileWorking or NextExecution.NotWhileWorkingOrError,
            next is NextExecution.NotWhileError or NextExecution.NotWhileWorkingOrError);
    }
}

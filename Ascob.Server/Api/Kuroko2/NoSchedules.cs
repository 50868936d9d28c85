using Ascob.Core.Errors;
using Ascob.Core.Kuroko2;

namespace Ascob.Server.Api.Kuroko2;

/// <summary>Where there are no schedules yet, a definition that wants some is refused.</summary>
internal sealed class NoSchedules : IScriptSchedules
{
    public IReadOnlyList<FieldError> Check(IReadOnlyList<string> cron) => [new FieldError("cron", "This version has no schedules.")];

    public Task<Error?> SetAsync(long definitionId, IReadOnlyList<string> cron, string actor, CancellationToken cancellationToken) => Task.FromResult<Error?>(null);

    public Task<IReadOnlyList<string>> ListAsync(long definitionId, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>([]);
}

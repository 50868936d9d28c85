using Ascob.Core.Errors;
using Ascob.Core.Kuroko2;

namespace Ascob.Server.Api.Kuroko2;

/// <summary>The fields are kept and tell nobody.</summary>
internal sealed class NoNotices : IScriptNotices
{
    public IReadOnlyList<FieldError> Check(ScriptFields fields) => [];

    public Task KeepAsync(long definitionId, ScriptFields? fields, string actor, CancellationToken cancellationToken) => Task.CompletedTask;
}

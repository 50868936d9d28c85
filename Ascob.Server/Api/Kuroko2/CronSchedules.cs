using Ascob.Core.Errors;
using Ascob.Core.Kuroko2;
using Ascob.Core.Schedules;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Api.Kuroko2;

/// <summary>The schedules of definitions as kuroko2's lists of cron expressions. What is missed is launched minute by minute, as there.</summary>
internal sealed class CronSchedules(ScheduleService schedules, IScheduleStore store, IOptions<Kuroko2Options> options) : IScriptSchedules
{
    private const string Field = "cron";

    public IReadOnlyList<FieldError> Check(IReadOnlyList<string> cron)
    {
        var errors = new List<FieldError>();
        for (var i = 0; i < cron.Count; i++)
        {
            // The fifth field is the last: seconds are Ascob's own.
            var spec = SpecOf(cron[i]);
            if (cron[i].Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries).Length != 5)
            {
                errors.Add(new FieldError(Field, $"{cron[i]}: must have five fields"));
            }
            else if (schedules.Preview(spec, [], null, 1) is { IsSuccess: false, Error: { } refused })
            {
                errors.Add(new FieldError(Field, $"{cron[i]}: {string.Join("; ", refused.Fields?.SelectMany(f => f.Value) ?? [refused.Message])}"));
            }
        }

        return errors.Count == 0 && ScheduleService.Check([.. cron.Select(SpecOf)], Field) is { } wrong ? [new FieldError(Field, wrong.Message)] : errors;
    }

    // Those that this API shows are replaced; others of the definition are not its own and stay.
    public Task<Error?> SetAsync(long definitionId, IReadOnlyList<string> cron, string actor, CancellationToken cancellationToken) =>
        schedules.SetAllAsync(definitionId, [.. cron.Select(SpecOf)], actor, Field, cancellationToken, IsOurs);

    public async Task<IReadOnlyList<string>> ListAsync(long definitionId, CancellationToken cancellationToken) =>
        [.. (await ReadAsync(definitionId, cancellationToken)).Where(IsOurs).Select(s => s.Spec.Cron!)];

    private static bool IsOurs(Schedule schedule) => schedule.Spec is { Cron: { } cron } && cron.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries).Length == 5;

    private Task<IReadOnlyList<Schedule>> ReadAsync(long definitionId, CancellationToken cancellationToken) =>
        store.ListAsync(definitionId, 0, ScheduleService.MostOfDefinition, cancellationToken);

    private ScheduleSpec SpecOf(string cron) => new()
    {
        Cron = cron,
        TimeZone = options.Value.TimeZone ?? (TimeZoneInfo.Local.HasIanaId ? TimeZoneInfo.Local.Id : "UTC"),
        CatchUp = new CatchUpSpec(CatchUpPolicy.All),
    };
}

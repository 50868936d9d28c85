using Ascob.Core.Errors;
using Ascob.Core.Kuroko2;
using Ascob.Core.Schedules;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Api.Kuroko2;

/// <summary>The schedules of definitions as kuroko2's lists of cron expressions. What is missed is launched minute by minute, as there.</summary>
internal sealed class CronSchedules(ScheduleService schedules, IScheduleStore store, IOptions<Kuroko2Options> options) : IScriptSchedules
{
    private const string Field = "cron";
    private const int PageSize = 1_000;

    public async Task<IReadOnlyList<FieldError>> CheckAsync(long? definitionId, IReadOnlyList<string> cron, CancellationToken cancellationToken)
    {
        var errors = new List<FieldError>();
        foreach (var expression in cron)
        {
            // The fifth field is the last: seconds are Ascob's own.
            if (!HasFiveFields(expression))
            {
                errors.Add(new FieldError(Field, $"{expression}: must have five fields"));
            }
            else if (schedules.Preview(SpecOf(expression), [], null, 1) is { IsSuccess: false, Error: { } refused })
            {
                errors.Add(new FieldError(Field, $"{expression}: {string.Join("; ", refused.Fields?.SelectMany(f => f.Value) ?? [refused.Message])}"));
            }
        }

        if (errors.Count == 0)
        {
            IReadOnlyList<Schedule> there = definitionId is { } id ? await store.ListAsync(id, 0, ScheduleService.MostOfDefinition, cancellationToken) : [];
            errors.AddRange(ScheduleService.Check(All(cron, there), Field) is { } wrong ? [new FieldError(Field, wrong.Message)] : []);
        }

        return errors;
    }

    // Those that this API shows are replaced; others of the definition are not its own and stay.
    public Func<long, ScheduleSetPlan> Plan(IReadOnlyList<string> cron, string actor) => id => schedules.Plan(id, [.. cron.Select(SpecOf)], actor, IsOurs);

    public void Announce() => schedules.Announce();

    // In pages: a statement for each definition would be thousands for a list.
    public async Task<ILookup<long, string>> ListAsync(long? definitionId, CancellationToken cancellationToken)
    {
        var found = new List<(long Definition, string Cron)>();
        IReadOnlyList<Schedule> page;
        var after = 0L;
        do
        {
            page = await store.ListAsync(definitionId, after, PageSize, cancellationToken);
            found.AddRange(page.Where(IsOurs).Select(s => (s.DefinitionId, s.Spec.Cron!)));
            after = page.Count > 0 ? page[^1].Id : after;
        }
        while (page.Count == PageSize);
        return found.ToLookup(f => f.Definition, f => f.Cron);
    }

    private List<ScheduleSpec> All(IReadOnlyList<string> cron, IReadOnlyList<Schedule> there) => [.. cron.Select(SpecOf), .. there.Where(s => !IsOurs(s)).Select(s => s.Spec)];

    private static bool IsOurs(Schedule schedule) => schedule.Spec.Cron is { } cron && HasFiveFields(cron);

    private static bool HasFiveFields(string cron) => cron.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries).Length == 5;

    private ScheduleSpec SpecOf(string cron) => new()
    {
        Cron = cron,
        TimeZone = options.Value.TimeZone ?? (TimeZoneInfo.Local.HasIanaId ? TimeZoneInfo.Local.Id : "UTC"),
        CatchUp = new CatchUpSpec(CatchUpPolicy.All),
    };
}

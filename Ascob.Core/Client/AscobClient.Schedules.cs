using Ascob.Core.Schedules;

namespace Ascob.Core.Client;

/// <content>Schedules.</content>
public sealed partial class AscobClient
{
    /// <summary>Lists the schedules of a definition.</summary>
    public async Task<IReadOnlyList<ScheduleInfo>> SchedulesAsync(string definition, CancellationToken cancellationToken = default) =>
        (await _repetition.RunAsync(ct => Api.ListSchedulesOfAsync(definition, ct), cancellationToken).ConfigureAwait(false)).Items;

    /// <summary>Lists the schedules of all definitions, page after page.</summary>
    public async IAsyncEnumerable<ScheduleInfo> AllSchedulesAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (long? after = 0; after is not null;)
        {
            var from = after;
            var page = await _repetition.RunAsync(ct => Api.ListSchedulesAsync(from, null, ct), cancellationToken).ConfigureAwait(false);
            foreach (var schedule in page.Items)
            {
                yield return schedule;
            }

            after = page.NextAfter;
        }
    }

    /// <summary>Adds a schedule to a definition. Sent once: a second one that is equal is refused.</summary>
    public Task<ScheduleInfo> AddScheduleAsync(string definition, ScheduleSpec schedule, CancellationToken cancellationToken = default) =>
        _repetition.OnceAsync(ct => Api.AddScheduleAsync(definition, new SaveScheduleRequest { Schedule = schedule }, ct), cancellationToken);

    /// <summary>Deletes a schedule. Sent once.</summary>
    public Task DeleteScheduleAsync(string definition, long scheduleId, CancellationToken cancellationToken = default) => _repetition.OnceAsync(
        async ct =>
        {
            await Api.DeleteScheduleAsync(definition, scheduleId, ct).ConfigureAwait(false);
            return true;
        },
        cancellationToken);

    /// <summary>Answers the coming firings of a definition, or of one of its schedules.</summary>
    public async Task<IReadOnlyList<FiringInfo>> NextFiringsAsync(string definition, long? scheduleId = null, int count = 10, CancellationToken cancellationToken = default) =>
        (await _repetition.RunAsync(
            ct => scheduleId is { } id ? Api.NextOfScheduleAsync(definition, id, count, ct) : Api.NextOfDefinitionAsync(definition, count, ct), cancellationToken).ConfigureAwait(false)).Items;

    /// <summary>Answers the firings of a schedule that is not saved.</summary>
    public async Task<IReadOnlyList<FiringInfo>> PreviewScheduleAsync(ScheduleSpec schedule, int count = 10, CancellationToken cancellationToken = default) =>
        (await _repetition.RunAsync(ct => Api.PreviewScheduleAsync(new PreviewScheduleRequest { Schedule = schedule, Count = count }, ct), cancellationToken).ConfigureAwait(false)).Items;
}

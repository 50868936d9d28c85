using System.Globalization;
using Ascob.Core.Definitions;
using Ascob.Core.Errors;
using Ascob.Core.Kuroko2;
using Ascob.Server.Security;

namespace Ascob.Server.Api.Kuroko2;

/// <summary>Definitions over kuroko2's API.</summary>
internal static class Kuroko2DefinitionEndpoints
{
    private const int PageSize = 500;
    private static readonly string[] UpdateMethods = [HttpMethods.Put, HttpMethods.Patch];

    public static void MapKuroko2Definitions(this RouteGroupBuilder api)
    {
        api.MapGet("/definitions", ListAsync).WithSummary("List definitions, all of whose tags match").Query<string>("tags[]", "A tag; repeat it for several, which must all be there.", many: true);
        api.MapPost("/definitions", CreateAsync).WithSummary("Make a definition of a script");
        api.MapGet("/definitions/{id}", GetAsync).WithSummary("Read a definition");
        api.MapMethods("/definitions/{id}", UpdateMethods, UpdateAsync).WithSummary("Change what is given of a definition");
        api.MapDelete("/definitions/{id}", DeleteAsync).WithSummary("Delete a definition that has no instance under way");
    }

    /// <summary>Reads the definition that the address names.</summary>
    /// <exception cref="RequestRefusedException">There is none.</exception>
    public static async Task<Definition> FindAsync(HttpContext context, DefinitionService definitions)
    {
        var found = await definitions.GetAsync(Number(context, "id").ToString(CultureInfo.InvariantCulture), context.GetCaller(), context.RequestAborted);
        return found.IsSuccess ? found.Value : throw NotFound();
    }

    /// <summary>Reads a number of the address.</summary>
    /// <exception cref="RequestRefusedException">It is none, so nothing has it.</exception>
    public static long Number(HttpContext context, string name) =>
        long.TryParse(context.Request.RouteValues[name] as string, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw NotFound();

    public static RequestRefusedException NotFound() => new(new Error(ErrorKind.NotFound, "record.not_found", "There is no such record."), StatusCodes.Status404NotFound);

    private static async Task ListAsync(HttpContext context, DefinitionService definitions, IScriptSchedules schedules, IScriptNotices notices)
    {
        var tags = context.Request.Query["tags[]"].Concat(context.Request.Query["tags"]).OfType<string>().Where(t => t.Length > 0).ToList();
        var found = new List<Definition>();
        string? after = null;
        do
        {
            var page = await definitions.ListAsync(new DefinitionSearch { Tags = tags, AfterName = after, Limit = PageSize }, context.GetCaller(), context.RequestAborted);
            found.AddRange(page.Items);
            after = page.NextAfterName;
        }
        while (after is not null);

        // Of all at once: a question for each definition would be thousands.
        var cron = found.Count == 0 ? null : await schedules.ListAsync(found.Count == 1 ? found[0].Id : null, context.RequestAborted);
        var webhooks = await notices.WebhooksAsync(context.RequestAborted);
        await Kuroko2Answer.WriteAsync(context, found.OrderBy(d => d.Id).Select(d => Show(d, cron![d.Id], webhooks)).ToList());
    }

    private static async Task GetAsync(HttpContext context, DefinitionService definitions, IScriptSchedules schedules, IScriptNotices notices) =>
        await Kuroko2Answer.WriteAsync(context, await ShowAsync(await FindAsync(context, definitions), schedules, notices, context.RequestAborted));

    private static async Task CreateAsync(HttpContext context, ScriptedDefinitions scripts, IScriptSchedules schedules, IScriptNotices notices)
    {
        var change = Read(await Kuroko2Body.ReadAsync(context));
        var made = await scripts.CreateAsync(change, context.GetCaller(), context.RequestAborted);
        if (made.IsSuccess)
        {
            await Kuroko2Answer.WriteAsync(context, await ShowAsync(made.Value, schedules, notices, context.RequestAborted), StatusCodes.Status201Created);
            return;
        }

        await Kuroko2Answer.WriteErrorAsync(context, made.Error);
    }

    private static async Task UpdateAsync(HttpContext context, DefinitionService definitions, ScriptedDefinitions scripts)
    {
        var before = await FindAsync(context, definitions);
        var change = Read(await Kuroko2Body.ReadAsync(context));
        await EndAsync(context, await scripts.UpdateAsync(before, change, context.GetCaller(), context.RequestAborted));
    }

    private static async Task DeleteAsync(HttpContext context, DefinitionService definitions, ScriptedDefinitions scripts) =>
        await EndAsync(context, await scripts.DeleteAsync(await FindAsync(context, definitions), context.GetCaller(), context.RequestAborted));

    private static Task EndAsync(HttpContext context, Result<Definition> result)
    {
        if (!result.IsSuccess)
        {
            return Kuroko2Answer.WriteErrorAsync(context, result.Error);
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private static async Task<Dictionary<string, object?>> ShowAsync(Definition definition, IScriptSchedules schedules, IScriptNotices notices, CancellationToken cancellationToken) =>
        Show(definition, (await schedules.ListAsync(definition.Id, cancellationToken))[definition.Id], await notices.WebhooksAsync(cancellationToken));

    private static Dictionary<string, object?> Show(Definition definition, IEnumerable<string> cron, IReadOnlyDictionary<long, string> webhooks)
    {
        var fields = ScriptFields.Of(definition.Content);
        return new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["id"] = definition.Id,
            ["name"] = definition.Name,
            ["description"] = fields.Description,
            ["script"] = fields.Script,
            ["tags"] = fields.Tags,
            ["cron"] = cron,
            ["user_id"] = fields.Owners.Select(o => long.TryParse(o, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : (object)o),
            ["notify_cancellation"] = fields.NotifyCancellation,
            ["hipchat_notify_finished"] = fields.NotifyAll,
            ["hipchat_additional_text"] = fields.AdditionalText,
            ["suspended"] = definition.Suspended,
            ["prevent_multi"] = fields.PreventMulti,
            ["api_allowed"] = fields.ApiAllowed,
            ["slack_channel"] = fields.SlackChannel,
            ["webhook_url"] = webhooks.GetValueOrDefault(definition.Id),
        };
    }

    private static ScriptChange Read(Kuroko2Body body)
    {
        var tags = body.Texts("tags") ?? Split(body.Text("text_tags"), body.Has("text_tags"));
        var owners = body.Texts("user_id");
        var (cancellation, all, allowed, policy) = (body.Flag("notify_cancellation"), body.Flag("hipchat_notify_finished"), body.Flag("api_allowed"), body.Number("prevent_multi"));
        return new ScriptChange
        {
            Name = body.Text("name") ?? (body.Has("name") ? string.Empty : null),
            Suspended = body.Flag("suspended"),
            Cron = body.Texts("cron"),
            Webhook = new GivenText(body.Has("webhook_url"), body.Text("webhook_url")),
            ApplyTo = old => old with
            {
                Description = Given("description", old.Description),
                Script = Given("script", old.Script),
                Tags = tags ?? old.Tags,
                Owners = owners ?? old.Owners,
                NotifyCancellation = cancellation ?? old.NotifyCancellation,
                NotifyAll = all ?? old.NotifyAll,
                AdditionalText = Given("hipchat_additional_text", old.AdditionalText),
                SlackChannel = Given("slack_channel", old.SlackChannel),
                ApiAllowed = allowed ?? old.ApiAllowed,
                PreventMulti = policy ?? old.PreventMulti,
            },
        };

        string? Given(string name, string? old) => body.Has(name) ? body.Text(name) : old;
    }

    // As in the console: one text with commas of either kind, in which blanks mean nothing.
    private static List<string>? Split(string? text, bool given) => !given ? null :
    [
        .. (text ?? string.Empty).Split([',', '、']).Select(t => string.Concat(t.Where(c => !char.IsWhiteSpace(c)))).Where(t => t.Length > 0).Distinct(StringComparer.Ordinal),
    ];
}

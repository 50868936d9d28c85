using System.Globalization;
using Ascob.Core.Access;
using Ascob.Core.Client;
using Ascob.Core.Definitions;
using Ascob.Core.Errors;
using Ascob.Core.Runs;
using Ascob.Server.Security;

namespace Ascob.Server.Api;

/// <summary>Finding runs.</summary>
internal static class SearchEndpoints
{
    private const int DefaultLimit = 50;
    private const int LargestLimit = 500;

    public static void MapSearch(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/runs", ListAsync).Requires(Permissions.JobRunSearch).WithTags("Runs").WithName("ListRuns").WithSummary("Find runs, newest first")
            .Query<string>("submitter", "The end user who owns the run (exact).")
            .Query<string>("status", "A status; repeat it for several.", many: true)
            .Query<string>("label", "A label as key:value; repeat it for several, which must all match.", many: true)
            .Query<string>("backend", "The id of the backend.")
            .Query<long>("parent", "The number of the parent run.")
            .Query<string>("definition", "The name or number of the definition that the runs were launched from.")
            .Query<DateTimeOffset>("definedAfter", "Runs defined after this time.")
            .Query<DateTimeOffset>("definedBefore", "Runs defined before this time.")
            .Query<string>("text", "Text that the description contains.")
            .Query<int>("limit", "The size of the page, 1 to 500; 50 by default.")
            .Query<string>("cursor", "nextCursor of the page before.")
            .Produces<RunList>();
        routes.MapPost("/api/search/runs", SearchAsync).Requires(Permissions.JobRunSearch).WithTags("Runs").WithName("SearchRuns")
            .WithSummary("Find runs, newest first, with a body").Takes<SearchRunsRequest>().Produces<SearchRunsResponse>();
    }

    private static async Task ListAsync(HttpContext context, JobService jobs, IDefinitionStore definitions)
    {
        var query = new QueryReader(context.Request.Query);
        var definition = query.Text("definition");
        var search = Read(query);
        if (definition is not null)
        {
            search = search with { DefinitionId = await NumberOfAsync(definitions, definition, context.RequestAborted) };
        }

        await Answer.WriteAsync(
            context,
            await jobs.SearchAsync(search, context.GetCaller(), context.RequestAborted),
            page => new RunList([.. page.Items.Select(RunInfo.From)], page.NextBeforeId is { } next ? Cursor.Write(next) : null));
    }

    // A number is good also for the runs of a definition that was deleted. No run has the number 0.
    private static async Task<long> NumberOfAsync(IDefinitionStore definitions, string text, CancellationToken cancellationToken) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : (await definitions.FindAsync(text, cancellationToken))?.Id ?? 0;

    private static RunSearch Read(QueryReader query)
    {
        var search = new RunSearch
        {
            Submitters = query.Text("submitter") is { } submitter ? [submitter] : null,
            Statuses = ReadStatuses(query),
            Labels = ReadLabels(query),
            BackendId = query.Text("backend"),
            ParentId = query.Number("parent", 1, long.MaxValue),
            DefinedAfter = query.Time("definedAfter"),
            DefinedBefore = query.Time("definedBefore"),
            Text = query.Text("text"),
            Limit = (int)(query.Number("limit", 1, LargestLimit) ?? DefaultLimit),
            BeforeId = ReadCursor(query),
        };
        query.Done();
        return search;
    }

    private static long? ReadCursor(QueryReader query)
    {
        if (query.Text("cursor") is not { } text)
        {
            return null;
        }

        if (Cursor.TryRead(text, out var beforeId))
        {
            return beforeId;
        }

        query.Refuse("cursor", "Not a cursor of this server; start again without one.");
        return null;
    }

    private static List<RunStatus>? ReadStatuses(QueryReader query)
    {
        if (query.Texts("status") is not { } words)
        {
            return null;
        }

        var statuses = new List<RunStatus>();
        foreach (var word in words.SelectMany(w => w.Split(',')))
        {
            if (RunStatusNames.TryParse(word, out var status))
            {
                statuses.Add(status);
            }
            else
            {
                query.Refuse("status", $"Known are: {string.Join(", ", Enum.GetValues<RunStatus>().Select(RunStatusNames.ToWire))}.");
                break;
            }
        }

        return statuses;
    }

    private static List<KeyValuePair<string, string>>? ReadLabels(QueryReader query)
    {
        if (query.Texts("label") is not { } texts)
        {
            return null;
        }

        var labels = new List<KeyValuePair<string, string>>();
        foreach (var text in texts)
        {
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            if (colon < 1)
            {
                query.Refuse("label", "Write a label as key:value.");
                break;
            }

            labels.Add(new(text[..colon], text[(colon + 1)..]));
        }

        return labels;
    }

    private static async Task SearchAsync(HttpContext context, JobService jobs)
    {
        var body = await RequestBody.ReadAsync<SearchRunsRequest>(context);
        if (body.MaxResults is < 0 or > LargestLimit)
        {
            throw new RequestRefusedException(Error.Invalid("maxResults", $"1 to {LargestLimit}, or 0 for {DefaultLimit}."));
        }

        if (body.SubmitterFilter is { Length: > 200 } || body.SubmitterFilter?.Any(char.IsControl) == true)
        {
            throw new RequestRefusedException(Error.Invalid("submitterFilter", "At most 200 characters, without control characters."));
        }

        var search = new RunSearch
        {
            Submitters = string.IsNullOrEmpty(body.SubmitterFilter) ? null : [body.SubmitterFilter],
            Statuses = body.StatusFilter is { Count: > 0 } statuses ? [.. statuses.Distinct()] : null,
            DefinedBefore = body.CreatedBeforeFilter,
            DefinedAfter = body.CreatedAfterFilter,
            Limit = body.MaxResults is > 0 and var most ? most : DefaultLimit,
        };
        await Answer.WriteAsync(
            context,
            await jobs.SearchAsync(search, context.GetCaller(), context.RequestAborted),
            page => new SearchRunsResponse([.. page.Items.Select(RunInfo.From)]));
    }
}

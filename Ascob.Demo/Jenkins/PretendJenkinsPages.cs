using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace Ascob.Demo.Jenkins;

/// <summary>What the pretend Jenkins answers, made under its lock and sent outside of it.</summary>
internal static partial class PretendJenkinsPages
{
    private const string RootUrl = "https://jenkins.example/";

    public static Func<HttpContext, Task> Status(int status) => context =>
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    };

    public static Func<HttpContext, Task> Redirect(string to) => context =>
    {
        context.Response.StatusCode = 302;
        context.Response.Headers.Location = to;
        return Task.CompletedTask;
    };

    public static Func<HttpContext, Task> Page(int status, string text) => context => HtmlAsync(context, status, text);

    public static Task HtmlAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/html;charset=utf-8";
        return context.Response.WriteAsync($"<html><head><style>p {{ color: red }}</style></head><body><p>{text}</p></body></html>", context.RequestAborted);
    }

    public static Func<HttpContext, Task> Root() => Json(new JsonObject { ["_class"] = "hudson.model.Hudson", ["mode"] = "NORMAL", ["quietingDown"] = false, ["useSecurity"] = true });

    public static Func<HttpContext, Task> Crumb(string crumb) =>
        Json(new JsonObject { ["_class"] = "hudson.security.csrf.DefaultCrumbIssuer", ["crumb"] = crumb, ["crumbRequestField"] = "Jenkins-Crumb" });

    public static Func<HttpContext, Task> Queue(IReadOnlyList<PretendJenkinsItem> items, PretendJenkins jenkins)
    {
        // A part of some pipeline waits for a node: an item without name and address, which is nobody's run.
        var stranger = new JsonObject
        {
            ["_class"] = "hudson.model.Queue$BuildableItem",
            ["id"] = 7,
            ["why"] = null,
            ["task"] = new JsonObject { ["_class"] = "org.jenkinsci.plugins.workflow.support.steps.ExecutorStepExecution$PlaceholderTask" },
            ["actions"] = new JsonArray(new JsonObject()),
        };
        return Json(new JsonObject { ["_class"] = "hudson.model.Queue", ["items"] = new JsonArray([stranger, .. items.Select(i => Of(i, jenkins))]) });
    }

    public static Func<HttpContext, Task> Item(PretendJenkinsItem item, PretendJenkins jenkins) => Json(Of(item, jenkins));

    public static Func<HttpContext, Task> Build(PretendJenkinsBuild build) => Json(Of(build));

    public static Func<HttpContext, Task> Job(PretendJenkinsJob job, string tree)
    {
        if (tree.Count(c => c == '[') != tree.Count(c => c == ']'))
        {
            return Page(500, "malformed tree");
        }

        if (job.IsFolder)
        {
            return Json(new JsonObject { ["_class"] = "com.cloudbees.hudson.plugins.folder.Folder", ["name"] = job.FullName.Split('/')[^1], ["property"] = new JsonArray(new JsonObject()) });
        }

        var page = new JsonObject
        {
            ["_class"] = job.IsPipeline ? "org.jenkinsci.plugins.workflow.job.WorkflowJob" : "hudson.model.FreeStyleProject",
            ["name"] = job.FullName.Split('/')[^1],
            ["buildable"] = job.Enabled,
            ["nextBuildNumber"] = job.NextNumber,
        };
        if (tree.Contains("parameterDefinitions", StringComparison.Ordinal))
        {
            var definitions = new JsonArray([.. job.Parameters.Select(p => new JsonObject
            {
                ["name"] = p.Name,
                ["type"] = p.Type,
                ["choices"] = p.Choices is { } choices ? new JsonArray([.. choices.Select(c => (JsonNode?)c)]) : null,
            })]);
            page["property"] = new JsonArray(new JsonObject(), new JsonObject { ["parameterDefinitions"] = definitions });
        }

        if (BuildRange().Match(tree) is { Success: true } range)
        {
            var most = int.Parse(range.Groups[2].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);
            var list = range.Groups[1].Value;
            page[list] = new JsonArray([.. Enumerable.Reverse(job.Builds).Take(list == "builds" ? Math.Min(most, 100) : most).Select(Of)]);
        }

        return Json(page);
    }

    public static Func<HttpContext, Task> Log(PretendJenkinsBuild build)
    {
        var raw = build.Log;
        var isOpen = build.EndedAt is null || build.LogIsOpen;
        return async context =>
        {
            _ = int.TryParse(context.Request.Query["start"], NumberStyles.None, CultureInfo.InvariantCulture, out var start);
            context.Response.ContentType = "text/plain;charset=utf-8";
            context.Response.Headers["X-Text-Size"] = raw.Length.ToString(CultureInfo.InvariantCulture);
            if (isOpen)
            {
                context.Response.Headers["X-More-Data"] = "true";
            }

            await context.Response.Body.WriteAsync(OverTheWire(raw.AsSpan(start > raw.Length ? 0 : start)), context.RequestAborted).ConfigureAwait(false);
        };
    }

    // Lone line feeds get a carriage return.
    private static byte[] OverTheWire(ReadOnlySpan<byte> raw)
    {
        var wire = new List<byte>(raw.Length + 64);
        for (var i = 0; i < raw.Length; i++)
        {
            if (raw[i] == '\n' && (i == 0 || raw[i - 1] != '\r'))
            {
                wire.Add((byte)'\r');
            }

            wire.Add(raw[i]);
        }

        return [.. wire];
    }

    private static Func<HttpContext, Task> Json(JsonNode node)
    {
        var bytes = Encoding.UTF8.GetBytes(node.ToJsonString());
        return async context =>
        {
            context.Response.ContentType = "application/json;charset=utf-8";
            context.Response.ContentLength = bytes.Length;
            await context.Response.Body.WriteAsync(bytes, context.RequestAborted).ConfigureAwait(false);
        };
    }

    private static JsonObject Of(PretendJenkinsItem item, PretendJenkins jenkins)
    {
        var why = item.LeftAt is null ? jenkins.Why(item) : null;
        var kind = item.LeftAt is not null ? "LeftItem" : why is null ? "WaitingItem" : why.StartsWith("Build", StringComparison.Ordinal) ? "BlockedItem" : "BuildableItem";
        var path = "job/" + string.Join("/job/", item.Job.FullName.Split('/').Select(Uri.EscapeDataString)) + "/";
        var page = new JsonObject
        {
            ["_class"] = "hudson.model.Queue$" + kind,
            ["actions"] = Actions(item.Job, item.Values),
            ["blocked"] = kind == "BlockedItem",
            ["buildable"] = kind == "BuildableItem",
            ["id"] = item.Id,
            ["inQueueSince"] = item.Since.ToUnixTimeMilliseconds(),
            ["stuck"] = false,
            ["task"] = new JsonObject { ["name"] = item.Job.FullName.Split('/')[^1], ["url"] = RootUrl + path, ["color"] = "blue" },
            ["why"] = kind == "WaitingItem" ? "In the quiet period. Expires in 0.9 sec" : why,
        };
        if (kind == "LeftItem")
        {
            page["cancelled"] = item.Cancelled;
            page["executable"] = item.Build is { } build ? new JsonObject { ["number"] = build.Number, ["url"] = $"{RootUrl}{path}{build.Number}/" } : null;
        }

        return page;
    }

    private static JsonObject Of(PretendJenkinsBuild build) => new()
    {
        ["_class"] = build.Job.IsPipeline ? "org.jenkinsci.plugins.workflow.job.WorkflowRun" : "hudson.model.FreeStyleBuild",
        ["actions"] = Actions(build.Job, build.Values),
        ["building"] = build.EndedAt is null,
        ["duration"] = build.EndedAt is { } ended ? (long)(ended - build.StartedAt).TotalMilliseconds : 0,
        ["estimatedDuration"] = -1,
        ["number"] = build.Number,
        ["queueId"] = build.QueueId,
        ["result"] = build.Result,
        ["timestamp"] = build.StartedAt.ToUnixTimeMilliseconds(),
    };

    private static JsonArray Actions(PretendJenkinsJob job, IReadOnlyDictionary<string, string> values) => new(
        new JsonObject(),
        new JsonObject
        {
            ["parameters"] = new JsonArray([.. values.Select(v => job.Parameters.First(p => p.Name == v.Key).IsSecret
                ? new JsonObject { ["name"] = v.Key }
                : new JsonObject { ["name"] = v.Key, ["value"] = v.Value })]),
        });

    [GeneratedRegex(@"\b(builds|allBuilds)\[[^{]*\{[0-9]+,([0-9]+)\}")]
    private static partial Regex BuildRange();
}

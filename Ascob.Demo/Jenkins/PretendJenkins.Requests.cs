using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Ascob.Demo.Jenkins;

/// <content>Who asks, and for what.</content>
internal sealed partial class PretendJenkins
{
    private static string[] Split(string target) =>
        [.. target.Split('?', 2)[0].Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Uri.UnescapeDataString)];

    private string[]? Segments(HttpContext context)
    {
        // The path as it came: a name may hold an encoded slash, and must be decoded once only.
        var all = Split(context.Features.Get<IHttpRequestFeature>()!.RawTarget);
        return ContextPath.Length == 0 ? all : all is [var first, .. var rest] && first == ContextPath ? rest : null;
    }

    private async Task<bool> IsLetInAsync(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        var credentials = header.StartsWith("Basic ", StringComparison.Ordinal) ? Encoding.UTF8.GetString(Convert.FromBase64String(header[6..])) : string.Empty;
        if (credentials is not ($"{User}:{Token}" or $"{User}:{Password}"))
        {
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"Jenkins\"";
            await PretendJenkinsPages.HtmlAsync(context, 401, "Invalid password/token for user").ConfigureAwait(false);
            return false;
        }

        if (LackingRights.Contains("Overall/Read"))
        {
            await PretendJenkinsPages.HtmlAsync(context, 403, $"{User} is missing the Overall/Read permission").ConfigureAwait(false);
            return false;
        }

        if (WantsCrumbs && HttpMethods.IsPost(context.Request.Method) && credentials == $"{User}:{Password}")
        {
            var session = context.Request.Cookies["JSESSIONID.pretend"] ?? string.Empty;
            bool isKnown;
            lock (_gate)
            {
                isKnown = _sessions.Contains(session);
            }

            if (!isKnown || context.Request.Headers["Jenkins-Crumb"] != $"crumb-of-{session}")
            {
                await PretendJenkinsPages.HtmlAsync(context, 403, "No valid crumb was included in the request").ConfigureAwait(false);
                return false;
            }
        }

        return true;
    }

    private PretendJenkinsItem? ItemOf(string id) => _items.FirstOrDefault(i => i.Id.ToString(CultureInfo.InvariantCulture) == id);

    private static PretendJenkinsBuild? BuildOf(PretendJenkinsJob job, string number) => job.Builds.FirstOrDefault(b => b.Number.ToString(CultureInfo.InvariantCulture) == number);

    private bool TryJob(string[] path, out PretendJenkinsJob job, out string[] rest)
    {
        var names = new List<string>();
        var at = 0;
        for (; at + 1 < path.Length && path[at] == "job"; at += 2)
        {
            names.Add(path[at + 1]);
        }

        // A job that the user may not read is no job.
        rest = path[at..];
        job = null!;
        return !LackingRights.Contains("Job/Read") && _jobs.TryGetValue(string.Join('/', names), out job!);
    }

    // Without a unit it is milliseconds, cut to whole seconds.
    private static TimeSpan DelayOf(StringValues text)
    {
        var word = text.ToString();
        var digits = word.TakeWhile(char.IsAsciiDigit).Count();
        var number = digits == 0 ? 0 : long.Parse(word.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture);
        return TimeSpan.FromSeconds(word[digits..] is "sec" or "secs" ? number : number / 1000);
    }
}

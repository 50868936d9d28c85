using System.Net;
using Ascob.Core.Client;
using Ascob.Core.Runs;
using Ascob.Server.Configuration;
using Refit;

namespace Ascob.Server.Cli;

/// <summary>Says in one line what went wrong between here and the server, and with which exit code the verb ends.</summary>
internal static class CliErrors
{
    /// <summary>Answers null for what is a bug and not an error.</summary>
    public static CliException? Describe(Exception exception, Uri url) => exception switch
    {
        AscobApiException e => Describe(e, url),
        ConfigurationException or DataDirectoryInUseException => new CliException(ExitCodes.Configuration, exception.Message, exception),
        ApiRequestException { InnerException: HttpRequestException e } => new CliException(ExitCodes.Unavailable, $"cannot reach {url}: {Reason(e)}", e),
        HttpRequestException e => new CliException(ExitCodes.Unavailable, $"cannot reach {url}: {Reason(e)}", e),
        TimeoutException or TaskCanceledException { InnerException: TimeoutException } =>
            new CliException(ExitCodes.Unavailable, $"{url} did not answer in time", exception),
        OperationCanceledException => new CliException(ExitCodes.Interrupted, "interrupted", exception),
        IOException e => new CliException(ExitCodes.Unavailable, $"the connection to {url} broke: {OneLine(e.Message)}", e),
        _ => null,
    };

    private static CliException Describe(AscobApiException e, Uri url) => e.Status switch
    {
        HttpStatusCode.Unauthorized => new CliException(
            ExitCodes.NoPermission, $"{url} does not know this token; set {CliContext.TokenVariable} or --token", e),
        HttpStatusCode.Forbidden => new CliException(ExitCodes.NoPermission, $"not allowed: {Message(e)}", e),
        HttpStatusCode.NotFound => new CliException(ExitCodes.NotFound, Message(e), e),
        HttpStatusCode.TooManyRequests => new CliException(ExitCodes.NoPermission, $"too many wrong tokens: {Message(e)}", e),
        HttpStatusCode.ServiceUnavailable => new CliException(ExitCodes.Unavailable, $"not now: {Message(e)}", e),
        >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError => new CliException(ExitCodes.Refused, Message(e), e),
        _ => new CliException(ExitCodes.Protocol, $"{url} answered {(int)e.Status}: {Message(e)}; is it an Ascob server?", e),
    };

    private static string Message(AscobApiException e)
    {
        var text = OneLine(e.Problem?.Detail ?? e.Problem?.Title ?? e.Message);
        return e.Problem?.Errors is { Count: > 0 } errors
            ? $"{text} {string.Join("; ", errors.Select(f => $"{f.Key}: {string.Join(", ", f.Value)}"))}"
            : text;
    }

    private static string Reason(HttpRequestException e) => OneLine((e.InnerException ?? e).Message);

    private static string OneLine(string text) =>
        string.Join(' ', text.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}

/// <summary>What a final run means to a caller of the command line.</summary>
internal static class RunExitCode
{
    /// <summary>0 for success, 130 for an aborted run, and otherwise the job's own exit code where it has one that a process can end with.</summary>
    public static int Of(RunInfo run) => run.Status switch
    {
        RunStatus.Succeeded => ExitCodes.Ok,
        RunStatus.Aborted => ExitCodes.Interrupted,
        _ => run.ExitCode is > 0 and <= 255 ? run.ExitCode.Value : ExitCodes.Failed,
    };
}

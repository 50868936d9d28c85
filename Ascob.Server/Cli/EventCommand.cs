using System.Text.Json;
using Ascob.Core.Client;
using Ascob.Core.Jobs;

namespace Ascob.Server.Cli;

/// <summary><c>event NAME [CAUSE]</c>: creates an event of the run whose job calls it. The helper <c>event</c> on the path of repository jobs is this.</summary>
internal static class EventCommand
{
    private const int UsageExitCode = 64;
    private const int FailureExitCode = 1;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan[] Pauses = [TimeSpan.FromSeconds(0.2), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(8)];

    /// <summary>Creates the event, and answers 0 when it is stored.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        if (args is not ([_] or [_, _]) || args[0] is "" or "--help" or "-h")
        {
            return Say(UsageExitCode, "usage: event <name> [<cause>]");
        }

        if (Environment.GetEnvironmentVariable("ASCOB_CALLBACK_URL") is not { Length: > 0 } url)
        {
            return Say(FailureExitCode, "this is no job of a run that may report: ASCOB_CALLBACK_URL is not set");
        }

        // One name for all tries: an event whose answer was lost is there already.
        var request = new OverseerEventRequest(args[0], args.Length > 1 ? args[1] : null) { Id = Guid.NewGuid().ToString("N") };
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = Longest };
        var problem = string.Empty;
        for (var tries = 0; tries <= Pauses.Length; tries++)
        {
            if (tries > 0)
            {
                await Task.Delay(Pauses[tries - 1]);
            }

            try
            {
                using var response = await client.PostAsync(new Uri($"{url}/events"), JsonContent.Create(request, options: AscobJson.Options));
                if (response.IsSuccessStatusCode)
                {
                    return 0;
                }

                problem = await ProblemOfAsync(response);
                if ((int)response.StatusCode < 500)
                {
                    break;
                }
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException or UriFormatException)
            {
                problem = e is OperationCanceledException ? "the server did not answer" : e.Message;
            }
        }

        return Say(FailureExitCode, problem);
    }

    private static async Task<string> ProblemOfAsync(HttpResponseMessage response)
    {
        try
        {
            var problem = await response.Content.ReadFromJsonAsync<ProblemInfo>(AscobJson.Options);
            return problem?.Errors?.Values.SelectMany(m => m).FirstOrDefault() ?? problem?.Detail ?? $"the server answered {(int)response.StatusCode}";
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or HttpRequestException)
        {
            return $"the server answered {(int)response.StatusCode}";
        }
    }

    private static int Say(int exitCode, string message)
    {
        Console.Error.WriteLine(exitCode == UsageExitCode ? message : $"event: {message}");
        return exitCode;
    }
}

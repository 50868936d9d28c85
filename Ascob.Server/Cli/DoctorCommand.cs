using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Ascob.Server.Cli.Doctor;

namespace Ascob.Server.Cli;

/// <summary><c>ascob doctor</c>: says what does not work and which setting mends it.</summary>
internal static class DoctorCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    public static Command Create(CliContext context)
    {
        var json = CliText.JsonOption();
        var command = new Command("doctor", "Checks this machine, the server and its backends, and says which setting mends what.") { json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var checks = await RunAsync(context, parsed, cancellationToken);
            if (parsed.GetValue(json))
            {
                context.Terminal.Out.WriteLine(JsonSerializer.Serialize(new { healthy = !checks.Exists(IsFailed), checks }, Json));
            }
            else
            {
                Print(context.Terminal.Out, checks);
            }

            return checks.Exists(IsFailed) ? ExitCodes.Failed : ExitCodes.Ok;
        });
        return command;
    }

    private static async Task<List<DoctorCheck>> RunAsync(CliContext context, ParseResult parsed, CancellationToken cancellationToken)
    {
        var url = context.Url(parsed);
        using var http = new HttpClient { Timeout = Patience };
        var server = new ServerChecks(http, url, context.Token(parsed), context.Time);
        var seen = await server.RunAsync(cancellationToken);

        var checks = new List<DoctorCheck> { LocalChecks.Runtime(Environment.Version) };
        if (url.IsLoopback)
        {
            await using var installation = new InstallationChecks(context.BuildServer);
            checks.AddRange(await installation.RunAsync(lookAtBackends: !server.Reachable, cancellationToken));
        }
        else
        {
            checks.Add(DoctorCheck.Skip("installation", $"configuration, data directory and database are on {url.Host}; run doctor there"));
        }

        checks.AddRange(seen);
        return checks;
    }

    private static bool IsFailed(DoctorCheck check) => check.Verdict == Verdict.Fail;

    private static void Print(TextWriter output, List<DoctorCheck> checks)
    {
        foreach (var check in checks)
        {
            var word = check.Verdict switch
            {
                Verdict.Ok => "ok",
                Verdict.Warn => "warn",
                Verdict.Fail => "fail",
                Verdict.Skip => "skip",
            };
            output.WriteLine(CliText.Plain($"{word,-4}  {check.Name}: {check.Message}"));
            if (check.Mend is not null)
            {
                output.WriteLine(CliText.Plain($"      mend: {check.Mend}"));
            }
        }
    }
}

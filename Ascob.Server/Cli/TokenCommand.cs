using System.CommandLine;
using Ascob.Core.Access;
using Ascob.Core.Client;

namespace Ascob.Server.Cli;

/// <summary><c>ascob token</c>: makes, lists and revokes tokens.</summary>
internal static class TokenCommand
{
    public static Command Create(CliContext context) => new("token", "Makes, lists and revokes tokens.")
    {
        CreateCreate(context),
        CreateList(context),
        CreateRevoke(context),
    };

    private static Command CreateCreate(CliContext context)
    {
        var name = new Argument<string>("name") { Description = "The token's name." };
        var permission = CommandLine.Repeated("--permission", "WORD", $"What it may do, repeatable; else everything about runs. Known: {string.Join(", ", Permissions.All)}.");
        var submitter = CommandLine.Repeated("--submitter", "NAME", "The only users whose runs it may see; repeatable.");
        var expires = new Option<string?>("--expires") { Description = "How long it lives: 12h, 30d; else for ever.", HelpName = "TIME" };
        var rotate = new Option<bool>("--rotate") { Description = "In place of the token of that name." };
        var command = new Command("create", "Makes a token and prints its secret on stdout, once.") { name, permission, submitter, expires, rotate };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var permissions = parsed.GetValue(permission) is { Length: > 0 } given ? given : [.. Permissions.JobGroup];
            if (permissions.FirstOrDefault(p => !Permissions.All.Contains(p)) is { } unknown)
            {
                throw new CliException(ExitCodes.Usage, $"--permission {unknown} is none of {string.Join(", ", Permissions.All)}");
            }

            var submitters = parsed.GetValue(submitter) is { Length: > 0 } names ? names : null;
            using var client = context.Connect(parsed);
            var secret = await client.CreateTokenAsync(
                parsed.GetValue(name)!,
                new CreateTokenRequest(CommandLine.Seconds("--expires", parsed.GetValue(expires)), permissions, submitters),
                parsed.GetValue(rotate),
                cancellationToken);
            context.Terminal.Out.WriteLine(secret);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command CreateList(CliContext context)
    {
        var json = CliText.JsonOption();
        var command = new Command("list", "Prints the issued tokens, without their secrets.") { json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Connect(parsed);
            var tokens = await client.TokensAsync(cancellationToken);
            if (parsed.GetValue(json))
            {
                CliText.WriteJson(context.Terminal.Out, tokens);
                return ExitCodes.Ok;
            }

            foreach (var token in tokens)
            {
                context.Terminal.Out.WriteLine(CliText.Plain(
                    $"{token.Identifier}  expires {CliText.Time(token.ExpiresAt) ?? "never"}  submitters {(token.Submitters is null ? "all" : string.Join(",", token.Submitters))}  {string.Join(",", token.Permissions)}"));
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command CreateRevoke(CliContext context)
    {
        var name = new Argument<string>("name") { Description = "The token's name." };
        var command = new Command("revoke", "Ends a token at once.") { name };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Connect(parsed);
            await client.DeleteTokenAsync(parsed.GetValue(name)!, cancellationToken);
            context.Terminal.Error.WriteLine($"token {parsed.GetValue(name)}: revoked");
            return ExitCodes.Ok;
        });
        return command;
    }
}

using Ascob.Server;
using Ascob.Server.Cli;

// The shell host and the helper of jobs start often and share nothing with the other verbs, so it does not wait for them to be put together.
return args switch
{
    ["shell-host", ..] => await ShellHostCommand.RunAsync(args),
    ["event", ..] => await EventCommand.RunAsync(args[1..]),
    _ => await CliRoot.RunAsync(args, AscobServer.Build),
};

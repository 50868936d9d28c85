using Ascob.Server;
using Ascob.Server.Cli;

// The shell host starts often and shares nothing with the other verbs, so it does not wait for them to be put together.
return args is ["shell-host", ..]
    ? await ShellHostCommand.RunAsync(args)
    : await CliRoot.RunAsync(args, AscobServer.Build);

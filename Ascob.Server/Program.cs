using Ascob.Server;
using Ascob.Server.Cli;

// Before anything of ASP.NET is loaded: the host of shell jobs stays small.
if (args is ["shell-host", ..])
{
    return await ShellHostCommand.RunAsync(args);
}

return await AscobServer.RunAsync(args);

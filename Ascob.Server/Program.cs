using Ascob.Server;
using Ascob.Server.Cli;

return await CliRoot.RunAsync(args, AscobServer.Build);

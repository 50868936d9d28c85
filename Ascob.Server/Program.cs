using Ascob.Server.Cli;

if (args is ["shell-host", ..]) { return await ShellHostCommand.RunAsync(args); }

var builder = WebApplication.CreateBuilder(args);
var app = builder.Build();
app.Run();
return 0;

using Ascob.Server;

return await AscobServer.RunAsync(args);

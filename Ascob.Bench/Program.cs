using Ascob.Bench;

return await Verbs.RunAsync(new BenchArguments(args));

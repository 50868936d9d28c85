namespace Ascob.Server.Configuration;

/// <summary>The settings of a worker, below <c>Ascob:Worker</c>: its name, and what a shell backend has.</summary>
internal static class WorkerSettings
{
    public const string Section = "Ascob:Worker";
    public const string Name = $"{Section}:Name";
    public const string Labels = $"{Section}:Labels";
    public const string Capacity = $"{Section}:MaxConcurrentRuns";
}

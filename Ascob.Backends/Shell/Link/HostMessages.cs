using System.Text.Json.Serialization;

namespace Ascob.Backends.Shell.Link;

/// <summary>What a server asks of the shell host. Exactly one of the members beside the id is set.</summary>
internal sealed record HostRequest
{
    public required long Id { get; init; }

    /// <summary>Gets the directory of the backend whose jobs the server wants to hear of.</summary>
    public string? Hello { get; init; }

    public StartJob? Start { get; init; }

    public JobRef[]? Status { get; init; }

    public StopJob? Stop { get; init; }

    public JobRef? CleanUp { get; init; }

    /// <summary>
    /// Gets the job to halt or let go on. Sent together with <see cref="Hello"/>, and looked at first: a host of an earlier version outlives the update of its server, and answers the greeting only.
    /// </summary>
    public PauseJob? Pause { get; init; }
}

/// <summary>What the host answers; without an id it is news about one job.</summary>
internal sealed record HostResponse
{
    public long? Id { get; init; }

    public JobReport[] Reports { get; init; } = [];

    public StartRefusal? Refusal { get; init; }

    public string? Error { get; init; }

    public int? HostPid { get; init; }
}

/// <summary>Names a job and where it lies.</summary>
internal sealed record JobRef(string Marker, string Directory);

/// <summary>A job to start. It travels through memory only: the environment holds secrets.</summary>
internal sealed record StartJob(
    string Marker,
    string Directory,
    string Path,
    string[] Arguments,
    string[] Environment,
    string[] Masked,
    InputFile[] Files,
    long MaxOutputBytes)
{
    /// <summary>Gets how long the job may run; 0 for ever. The host keeps to it, for the server may be away when the time is over.</summary>
    public long TimeoutMilliseconds { get; init; }

    /// <summary>Gets how long the job may take to obey when its time is over.</summary>
    public int GraceMilliseconds { get; init; }
}

/// <summary>An input file to put before the job.</summary>
internal sealed record InputFile(string Name, string Source);

/// <summary>A job to stop.</summary>
internal sealed record StopJob(JobRef Job, bool Hard, int GraceMilliseconds);

/// <summary>A job to halt, or to let go on.</summary>
internal sealed record PauseJob(JobRef Job, bool Halt);

/// <summary>Why a job was certainly not started.</summary>
internal sealed record StartRefusal(string Reason, bool Mendable);

/// <summary>The states of a job as the host knows them.</summary>
internal enum HostJobState
{
    /// <summary>The host has never seen it.</summary>
    Unknown,

    /// <summary>It runs.</summary>
    Running,

    /// <summary>It has ended and its end is known.</summary>
    Ended,

    /// <summary>It was started, but the host that owned it died before it ended.</summary>
    Lost,
}

/// <summary>What the host knows of a job.</summary>
internal sealed record JobReport(string Marker, HostJobState State)
{
    public int Pid { get; init; }

    public long StartTime { get; init; }

    public long StartedAtMilliseconds { get; init; }

    public int? ExitCode { get; init; }

    public int? Signal { get; init; }

    /// <summary>Gets when the first process ended; 0 where that is not known.</summary>
    public long EndedAtMilliseconds { get; init; }

    public bool Stopped { get; init; }

    /// <summary>Gets whether the host stopped the job because its time was over.</summary>
    public bool TimedOut { get; init; }

    public bool OutputCut { get; init; }

    /// <summary>Gets the most memory that the job's processes held together when they were looked at, in kB; 0 where they were not.</summary>
    public long MaxMemoryKb { get; init; }

    /// <summary>Gets whether it is known that the ended job has written nothing.</summary>
    public bool Quiet { get; init; }
}

/// <summary>The generated reading and writing of the messages.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(HostRequest))]
[JsonSerializable(typeof(HostResponse))]
internal sealed partial class HostJson : JsonSerializerContext;

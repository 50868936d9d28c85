namespace Ascob.Demo.Jenkins;

/// <summary>A job of the pretend Jenkins.</summary>
internal sealed class PretendJenkinsJob(string fullName)
{
    /// <summary>Gets the folders and the name.</summary>
    public string FullName { get; } = fullName;

    /// <summary>Gets the parameters that it declares; none for a plain job.</summary>
    public List<PretendJenkinsParameter> Parameters { get; } = [];

    /// <summary>Gets or sets whether it is a pipeline, which ends slowly and knows term and kill.</summary>
    public bool IsPipeline { get; set; }

    /// <summary>Gets or sets whether it takes builds.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Gets or sets whether it is a folder, which says nothing of builds.</summary>
    public bool IsFolder { get; set; }

    /// <summary>Gets or sets whether several builds may run at once; otherwise the others wait, blocked.</summary>
    public bool Concurrent { get; set; } = true;

    /// <summary>Gets or sets how long a build takes; null for until it is stopped.</summary>
    public TimeSpan? RunTime { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Gets or sets how builds end by themselves.</summary>
    public string? Result { get; set; } = "SUCCESS";

    /// <summary>Gets or sets how hard a pipeline must be asked: after this many of stop, term and kill it ends.</summary>
    public string EndsOn { get; set; } = "stop";

    /// <summary>Gets or sets what a build prints after its first line.</summary>
    public string Log { get; set; } = "Hello\n";

    /// <summary>Gets or sets the number of the next build; numbers of builds that are gone do not come again.</summary>
    public long NextNumber { get; set; } = 1;

    /// <summary>Gets the builds, oldest first.</summary>
    public List<PretendJenkinsBuild> Builds { get; } = [];

    /// <summary>Declares text parameters.</summary>
    public PretendJenkinsJob With(params string[] names)
    {
        Parameters.AddRange(names.Select(n => new PretendJenkinsParameter(n)));
        return this;
    }
}

/// <summary>A parameter that a pretend job declares.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Jenkins' word for its kind.</param>
/// <param name="Choices">The values to choose from; null for any.</param>
internal sealed record PretendJenkinsParameter(string Name, string Type = "StringParameterDefinition", string[]? Choices = null)
{
    public bool IsSecret => Type == "PasswordParameterDefinition";

    public bool IsFile => Type == "FileParameterDefinition";
}

/// <summary>An item of the queue of the pretend Jenkins.</summary>
internal sealed class PretendJenkinsItem
{
    public required long Id { get; init; }

    public required PretendJenkinsJob Job { get; init; }

    public required IReadOnlyDictionary<string, string> Values { get; init; }

    public required DateTimeOffset Since { get; init; }

    public required DateTimeOffset LeavesAt { get; init; }

    /// <summary>Gets or sets when it left the queue; null while it waits.</summary>
    public DateTimeOffset? LeftAt { get; set; }

    public bool Cancelled { get; set; }

    public PretendJenkinsBuild? Build { get; set; }
}

/// <summary>A build of the pretend Jenkins.</summary>
internal sealed class PretendJenkinsBuild
{
    private readonly List<byte> _log = [];

    public required long Number { get; init; }

    public required long QueueId { get; init; }

    public required PretendJenkinsJob Job { get; init; }

    public required IReadOnlyDictionary<string, string> Values { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>Gets or sets the result; it may stand there before the end.</summary>
    public string? Result { get; set; }

    /// <summary>Gets or sets whether the log may still grow although the build has ended.</summary>
    public bool LogIsOpen { get; set; }

    /// <summary>Gets the bytes of the log as they lie in the file.</summary>
    public byte[] Log
    {
        get
        {
            lock (_log)
            {
                return [.. _log];
            }
        }
    }

    public void Print(ReadOnlySpan<byte> bytes)
    {
        lock (_log)
        {
            _log.AddRange(bytes);
        }
    }

    public void Print(string text) => Print(System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>Replaces the log by another one.</summary>
    public void Rotate(string text)
    {
        lock (_log)
        {
            _log.Clear();
        }

        Print(text);
    }
}

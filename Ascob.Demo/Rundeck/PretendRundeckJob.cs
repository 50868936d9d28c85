namespace Ascob.Demo.Rundeck;

/// <summary>A job that a pretend Rundeck has.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Project">Its project.</param>
/// <param name="Name">Its name.</param>
internal sealed record PretendRundeckJob(string Id, string Project, string Name)
{
    /// <summary>Gets the group; empty for none.</summary>
    public string Group { get; init; } = string.Empty;

    /// <summary>Gets the declared options.</summary>
    public IReadOnlyList<PretendRundeckOption> Options { get; init; } = [];

    /// <summary>Gets for how long an execution stays queued.</summary>
    public TimeSpan Queued { get; init; }

    /// <summary>Gets for how long an execution runs; null for until it is stopped.</summary>
    public TimeSpan? Takes { get; init; } = TimeSpan.Zero;

    /// <summary>Gets the status of an ended execution.</summary>
    public string Result { get; init; } = "succeeded";

    /// <summary>Gets the text of a status <c>other</c>.</summary>
    public string? CustomStatus { get; init; }

    /// <summary>Gets how often an execution that failed is tried again.</summary>
    public int Retries { get; init; }

    /// <summary>Gets whether several executions may run at once.</summary>
    public bool MultipleExecutions { get; init; } = true;

    /// <summary>Gets whether executions are switched off.</summary>
    public bool Disabled { get; init; }

    /// <summary>Gets the lines that an execution prints, spread over the time that it takes.</summary>
    public IReadOnlyList<string> Output { get; init; } = ["Hello from Rundeck"];
}

/// <summary>An option that a job declares.</summary>
/// <param name="Name">Its name.</param>
internal sealed record PretendRundeckOption(string Name)
{
    /// <summary>Gets whether its value is hidden.</summary>
    public bool Secure { get; init; }

    /// <summary>Gets whether it takes an uploaded file.</summary>
    public bool File { get; init; }

    /// <summary>Gets whether a value must be given.</summary>
    public bool Required { get; init; }
}

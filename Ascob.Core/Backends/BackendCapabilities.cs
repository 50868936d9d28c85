namespace Ascob.Core.Backends;

/// <summary>What a backend can do beyond starting jobs.</summary>
[Flags]
public enum BackendCapabilities
{
    /// <summary>Nothing more.</summary>
    None = 0,

    /// <summary>Finds a job by its marker.</summary>
    Find = 1,

    /// <summary>Tells the state of a job.</summary>
    Status = 2,

    /// <summary>Stops a job.</summary>
    Stop = 4,

    /// <summary>Reads a job's output.</summary>
    Output = 8,

    /// <summary>Tells of changes by itself.</summary>
    Changes = 16,

    /// <summary>A second submission with the same marker starts nothing new.</summary>
    SafeResend = 32,
}

namespace Ascob.Core.Jobs;

/// <summary>The bounds that <see cref="JobSpecValidator"/> holds. Lengths are in UTF-16 characters, sizes in bytes of UTF-8.</summary>
public static class JobSpecLimits
{
    /// <summary>Characters of the description.</summary>
    public const int Description = 2_000;

    /// <summary>Characters of the submitter.</summary>
    public const int Submitter = 200;

    /// <summary>Number of labels.</summary>
    public const int Labels = 100;

    /// <summary>Characters of a label's key.</summary>
    public const int LabelKey = 100;

    /// <summary>Characters of a label's value.</summary>
    public const int LabelValue = 2_000;

    /// <summary>Number of parameters, plain and secret ones together.</summary>
    public const int Parameters = 500;

    /// <summary>Characters of a parameter's name.</summary>
    public const int ParameterName = 200;

    /// <summary>Bytes of a parameter's value.</summary>
    public const int ParameterValueBytes = 32 * 1024;

    /// <summary>Number of locks.</summary>
    public const int Locks = 64;

    /// <summary>Characters of a lock's key.</summary>
    public const int LockKey = 200;

    /// <summary>Bytes of all strings of a job together.</summary>
    public const int TotalBytes = 256 * 1024;

    /// <summary>The longest time limit in seconds: 365 days.</summary>
    public const int LongestSeconds = 31_536_000;

    /// <summary>The most attempts.</summary>
    public const int Attempts = 100;

    /// <summary>The longest pause between attempts in seconds: a day.</summary>
    public const int RetryDelaySeconds = 86_400;

    /// <summary>The highest priority; the lowest is its negative.</summary>
    public const int Priority = 100;

    /// <summary>The most errors that are named one by one.</summary>
    public const int Errors = 100;

    /// <summary>The outcomes that <see cref="RetrySpec.On"/> may name.</summary>
    public static IReadOnlyList<string> RetryOutcomes { get; } = ["failed", "timeout", "rejected", "lost"];
}

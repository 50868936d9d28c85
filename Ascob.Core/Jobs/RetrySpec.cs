namespace Ascob.Core.Jobs;

/// <summary>When and how often a failed attempt is repeated. Locks stay held between attempts.</summary>
/// <param name="MaxAttempts">All attempts together, the first included; 1 to 100.</param>
/// <param name="DelaySeconds">The pause before the next attempt; 0 to 86,400.</param>
/// <param name="On">
/// The outcomes that are repeated: <c>failed</c> (the job ended in failure), <c>timeout</c> (it ran longer than allowed), <c>rejected</c> (the backend
/// would not start it), <c>lost</c> (the backend no longer knows it). Null or empty means <c>failed</c> only.
/// </param>
public sealed record RetrySpec(int MaxAttempts, int DelaySeconds = 0, IReadOnlyList<string>? On = null);

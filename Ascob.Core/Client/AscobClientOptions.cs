namespace Ascob.Core.Client;

/// <summary>How <see cref="AscobClient"/> waits and repeats.</summary>
public sealed record AscobClientOptions
{
    /// <summary>Gets how often a call that is safe to repeat is tried when the server cannot be reached or says 503; at least 1.</summary>
    public int MaxAttempts { get; init; } = 6;

    /// <summary>Gets the pause before the second try; it doubles each time, with jitter.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Gets the longest pause, also against a server that asks for a longer one.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Gets the longest time of one call; uploads and streams are not bounded.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(100);

    /// <summary>Gets how long the server is asked to hold a request that waits for a run.</summary>
    public TimeSpan LongPoll { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets the source of time.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

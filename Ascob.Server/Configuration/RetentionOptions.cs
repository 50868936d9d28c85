namespace Ascob.Server.Configuration;

/// <summary>How long things are kept after their end. Bound to <c>Ascob:Retention</c>.</summary>
internal sealed class RetentionOptions
{
    public const string Section = "Ascob:Retention";

    /// <summary>Gets or sets how long final runs are kept with all that belongs to them; zero for ever.</summary>
    public TimeSpan Runs { get; set; } = TimeSpan.FromDays(90);

    /// <summary>Gets or sets how long an idempotency key answers with its first run.</summary>
    public TimeSpan IdempotencyKeys { get; set; } = TimeSpan.FromDays(7);
}

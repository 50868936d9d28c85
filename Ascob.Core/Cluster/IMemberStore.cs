namespace Ascob.Core.Cluster;

/// <summary>The memory of the processes that share the database. Every method throws <see cref="Errors.StoreUnavailableException"/> while that is away.</summary>
public interface IMemberStore
{
    /// <summary>
    /// Enters a member under its name. A row of that name gives way when it is an earlier life on the same <see cref="Member.Home"/>, has stopped, or was not heard of since
    /// <paramref name="awayBefore"/>.
    /// </summary>
    /// <returns>What stood there before: with <see cref="Registration.IsRefused"/> a stranger that is alive.</returns>
    Task<Registration> RegisterAsync(Member member, DateTimeOffset awayBefore, CancellationToken cancellationToken);

    /// <summary>Notes that a member is alive, and how it stands; false where its name belongs to another life by now, or was forgotten.</summary>
    Task<bool> BeatAsync(Member member, CancellationToken cancellationToken);

    /// <summary>Reads all members, by name.</summary>
    Task<IReadOnlyList<Member>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Forgets a member if this is still its life; false where it is not.</summary>
    Task<bool> ForgetAsync(string name, string instance, CancellationToken cancellationToken);
}

/// <summary>See <see cref="IMemberStore.RegisterAsync"/>.</summary>
/// <param name="Before">Who had the name before; null for nobody.</param>
/// <param name="IsRefused">Whether that one keeps it.</param>
public sealed record Registration(Member? Before, bool IsRefused);

using System.Security.Cryptography;
using Ascob.Core.Errors;
using Ascob.Core.Repository;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Ascob.Server.Configuration;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Repository;

/// <summary>
/// The files of commits in the data directory, one directory for each, read-only. Made under another name and then renamed, so that a half-made one is never used; and named after the life of the machine, so that
/// after a loss of power nothing is used that may not have reached the disk.
/// </summary>
internal sealed class Checkouts(
    GitSource source,
    Library library,
    IRunStore runs,
    IOptions<RepositoryOptions> options,
    IOptions<AscobOptions> server,
    MonotonicClock clock,
    ILogger<Checkouts> logger) : ICheckouts, IDisposable
{
    private const string Unfinished = "new-";
    private const string Old = "old-";

    private readonly SemaphoreSlim _gate = new(1);
    private readonly string _root = System.IO.Path.Combine(server.Value.AbsoluteDataDirectory, "repository", "checkouts");
    private readonly string _life = MachineLife();

    /// <inheritdoc/>
    public async Task<Result<Checkout>> OpenAsync(string commit, CancellationToken cancellationToken)
    {
        if (!options.Value.IsConfigured)
        {
            return new Error(ErrorKind.Impossible, "repository.none", "This process has no repository of jobs (Ascob:Repository:Url), so it cannot run jobs of one.");
        }

        if (!IsCommit(commit))
        {
            return new Error(ErrorKind.Impossible, "repository.commit", "A commit is named by its 40 hexadecimal digits.");
        }

        var place = System.IO.Path.Combine(_root, $"{_life}-{commit}");
        try
        {
            // Before the turn is taken: who wants a commit that is here already must not wait for the network.
            if (!Directory.Exists(place))
            {
                await source.EnsureAsync(commit, cancellationToken);
            }
        }
        catch (GitException e)
        {
            return new Error(ErrorKind.Unavailable, "repository.checkout", e.Message);
        }

        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (!Directory.Exists(place))
            {
                await MakeAsync(commit, place, cancellationToken);
            }

            Directory.SetLastWriteTimeUtc(place, clock.Now.UtcDateTime);
            var home = System.IO.Path.Combine(place, options.Value.Path.Trim('/'));
            return new Checkout(home.TrimEnd('/'), [library.Directory, System.IO.Path.Combine(home, "bin")]);
        }
        catch (CommitRefusedException e)
        {
            return new Error(ErrorKind.Impossible, "repository.commit", e.Message);
        }
        catch (Exception e) when (e is GitException or IOException or UnauthorizedAccessException)
        {
            return new Error(ErrorKind.Unavailable, "repository.checkout", e is GitException ? e.Message : NotOnDisk(e).Message);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Deletes the files of commits that nothing has used for a while, but for those that jobs run in or will be run in.</summary>
    public async Task SweepAsync(IReadOnlySet<string> wanted, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(_root))
        {
            return;
        }

        foreach (var directory in Directory.GetDirectories(_root))
        {
            var name = System.IO.Path.GetFileName(directory);
            var commit = name[(name.IndexOf('-', StringComparison.Ordinal) + 1)..];
            var isOfThisLife = name.StartsWith(_life + "-", StringComparison.Ordinal);
            if (isOfThisLife && (wanted.Contains(commit) || await IsUsedAsync(commit, cancellationToken)))
            {
                continue;
            }

            await _gate.WaitAsync(cancellationToken);
            try
            {
                if (!isOfThisLife || clock.Now.UtcDateTime - Directory.GetLastWriteTimeUtc(directory) > options.Value.KeepCheckouts)
                {
                    Delete(directory);
                }
            }
            finally
            {
                _gate.Release();
            }
        }
    }

    public void Dispose() => _gate.Dispose();

    internal static bool IsCommit(string text) => text.Length == 40 && text.All(char.IsAsciiHexDigitLower);

    private async Task<bool> IsUsedAsync(string commit, CancellationToken cancellationToken) =>
        (await runs.SearchAsync(
            new RunSearch
            {
                Labels = [KeyValuePair.Create(RepositoryLabels.Commit, commit)],
                Statuses = [.. Enum.GetValues<RunStatus>().Where(s => !s.IsFinal())],
                Limit = 1,
            },
            cancellationToken)).Items.Count > 0;

    private async Task MakeAsync(string commit, string place, CancellationToken cancellationToken)
    {
        PrivateDirectory.Create(_root);
        var temporary = System.IO.Path.Combine(_root, $"{Unfinished}{RandomNumberGenerator.GetHexString(16, lowercase: true)}");
        try
        {
            await source.ReadAsync(
                commit,
                (found, stop) =>
                {
                    try
                    {
                        CheckoutWriter.Write(found.Tree, temporary, stop);
                    }
                    catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                    {
                        throw NotOnDisk(e);
                    }

                    return true;
                },
                cancellationToken);
            Directory.Move(temporary, place);
            CheckoutWriter.Protect(place);
        }
        catch
        {
            CheckoutWriter.TryDelete(temporary);
            throw;
        }

        logger.LogInformation("The files of commit {Commit} of the repository are on the disk", commit);
    }

    private static GitException NotOnDisk(Exception e) => new($"The files of the commit could not be put on the disk: {e.Message}", e);

    private void Delete(string directory)
    {
        // First out of the way, so that nobody finds a part of it.
        var doomed = directory;
        if (!System.IO.Path.GetFileName(directory).StartsWith(Old, StringComparison.Ordinal))
        {
            doomed = System.IO.Path.Combine(_root, $"{Old}{RandomNumberGenerator.GetHexString(16, lowercase: true)}");
            CheckoutWriter.Unprotect(directory);
            Directory.Move(directory, doomed);
        }

        if (!CheckoutWriter.TryDelete(doomed))
        {
            logger.LogWarning("What was left of {Directory} could not be deleted", doomed);
        }
    }

    private static string MachineLife()
    {
        const string boot = "/proc/sys/kernel/random/boot_id";
        var text = File.Exists(boot) ? File.ReadAllText(boot).Trim() : Environment.MachineName;
        return Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text)))[..8];
    }
}

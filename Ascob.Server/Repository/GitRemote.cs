using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using LibGit2Sharp;

namespace Ascob.Server.Repository;

/// <summary>Speaks with the host of the repository: signs in, believes its certificate or not, fetches within bounds, and says in plain words what does not work.</summary>
internal sealed class GitRemote(RepositoryOptions options, X509Certificate2Collection? authorities, TimeProvider time)
{
    private const string Name = "origin";

    /// <summary>How the references begin that are there during one look only.</summary>
    public const string LookPrefix = "look-";

    private const string Tip = "refs/ascob/tip";

    private readonly string _url = options.Url ?? string.Empty;

    /// <summary>Notes in the local copy where the repository is.</summary>
    public void Configure(LibGit2Sharp.Repository repository)
    {
        if (repository.Network.Remotes[Name] is not { } remote)
        {
            repository.Network.Remotes.Add(Name, _url, "+refs/heads/*:refs/remotes/origin/*");
        }
        else if (remote.Url != _url)
        {
            repository.Network.Remotes.Update(Name, r => r.Url = _url);
        }

        if (repository.Config.Get<string>("core.sshcommand", ConfigurationLevel.Local)?.Value != options.SshCommand)
        {
            repository.Config.Set("core.sshcommand", options.SshCommand, ConfigurationLevel.Local);
        }
    }

    /// <summary>Answers where the branch stands, and fetches what is new of it.</summary>
    public string Look(LibGit2Sharp.Repository repository, Func<bool> stop)
    {
        CheckPath();

        // A reference of its own for each look: a branch that is gone is seen to be gone, and a look that was given up and comes back late is in nobody's way.
        var looked = $"refs/ascob/{LookPrefix}{Guid.NewGuid():N}";
        try
        {
            Fetch(repository, [$"+{(options.Branch is { } branch ? $"refs/heads/{branch}" : "HEAD")}:{looked}"], stop);
            var tip = repository.Refs[looked]?.ResolveToDirectReference()?.TargetIdentifier
                ?? throw new GitException(options.Branch is null ? "The repository has no commit yet." : $"The repository has no branch '{options.Branch}'.");

            // What is here already is told to the host by references.
            if (!stop())
            {
                repository.Refs.Add(Tip, tip, allowOverwrite: true);
            }

            return tip;
        }
        finally
        {
            repository.Refs.Remove(looked);
        }
    }

    /// <summary>Fetches all branches.</summary>
    public void FetchAll(LibGit2Sharp.Repository repository, Func<bool> stop)
    {
        CheckPath();
        Fetch(repository, [], stop);
    }

    /// <summary>Says what went wrong, without secrets.</summary>
    public string Sentence(Exception e)
    {
        var message = e.Message;
        foreach (var secret in new[] { options.Token, options.Password }.OfType<string>().Where(s => s.Length > 0))
        {
            message = message.Replace(secret, "***", StringComparison.Ordinal).Replace(Uri.EscapeDataString(secret), "***", StringComparison.Ordinal);
        }

        return $"The repository cannot be read: {message.ReplaceLineEndings(" ").Trim()}";
    }

    // The library takes a path that is not there for an address that it does not know.
    private void CheckPath()
    {
        if (GitAddress.PathOf(_url) is not { } path)
        {
            return;
        }

        if (!Directory.Exists(path))
        {
            throw new GitException($"There is no repository at '{path}': the directory is not there.");
        }

        if (!LibGit2Sharp.Repository.IsValid(path))
        {
            throw new GitException($"The directory '{path}' is no Git repository.");
        }
    }

    private void Fetch(LibGit2Sharp.Repository repository, string[] what, Func<bool> stop)
    {
        var talk = new Talk(options, authorities, time, GitAddress.HostOf(_url));
        var fetch = new FetchOptions
        {
            Prune = what.Length == 0,
            TagFetchMode = TagFetchMode.None,
            CredentialsProvider = talk.SignIn,
            CertificateCheck = talk.Believe,
            OnTransferProgress = p => !stop() && talk.Take(p.ReceivedBytes),
            OnProgress = _ => !stop(),
        };
        try
        {
            Commands.Fetch(repository, Name, what, fetch, null);
        }
        catch (LibGit2SharpException e) when (talk.Problem is { } problem)
        {
            throw new GitException(problem, e);
        }
        catch (LibGit2SharpException e) when (GitAddress.IsSsh(_url))
        {
            throw new GitException($"{Sentence(e)} The host is reached by '{options.SshCommand.Split(' ')[0]}', which must be on this machine, know the host and have a key for it that needs no password.", e);
        }
    }

    /// <summary>One conversation. Nothing may be thrown in it, for it is the native library that asks.</summary>
    private sealed class Talk(RepositoryOptions options, X509Certificate2Collection? authorities, TimeProvider time, string? host)
    {
        private int _asked;

        public string? Problem { get; private set; }

        public Credentials SignIn(string url, string usernameFromUrl, SupportedCredentialTypes types)
        {
            var secret = options.Token ?? options.Password;
            if (secret is not null && _asked++ == 0 && string.Equals(GitAddress.HostOf(url), host, StringComparison.OrdinalIgnoreCase))
            {
                return new UsernamePasswordCredentials { Username = options.Username ?? "x-access-token", Password = secret };
            }

            Problem ??= secret is null ? "The repository asks who signs in: set Ascob:Repository:Token, or Username and Password."
                : _asked > 1 ? "The repository refuses the configured user, password or token."
                : $"The repository sends to another host, '{GitAddress.HostOf(url)}', which is told no secret.";

            // Of a kind that was not asked for, which ends the conversation.
            return new DefaultCredentials();
        }

        public bool Believe(Certificate certificate, bool valid, string name)
        {
            if (!valid && certificate is CertificateX509 x509)
            {
                using var own = X509CertificateLoader.LoadCertificate(x509.Certificate.GetRawCertData());
                Problem ??= GitTrust.Problem(own, name, authorities, time.GetUtcNow());
                return Problem is null;
            }

            return valid;
        }

        public bool Take(long received)
        {
            if (received > options.MaxFetchBytes)
            {
                Problem ??= string.Create(CultureInfo.InvariantCulture, $"What is new in the repository has more than {options.MaxFetchBytes} bytes (Ascob:Repository:MaxFetchBytes); nothing of it is taken.");
            }

            return Problem is null;
        }
    }
}

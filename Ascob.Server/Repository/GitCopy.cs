using Ascob.Server.Configuration;
using LibGit2Sharp;

namespace Ascob.Server.Repository;

/// <summary>The copy of the repository on the disk: made where there is none, and freed of what a killed process has left in it.</summary>
internal sealed class GitCopy(string directory, GitRemote remote)
{
    private readonly Lock _gate = new();
    private bool _unlocked;

    /// <summary>Opens it. Several may be open at once.</summary>
    public LibGit2Sharp.Repository Open()
    {
        lock (_gate)
        {
            Unlock();
            if (!LibGit2Sharp.Repository.IsValid(directory))
            {
                // What a crash left half made has nothing that cannot be fetched again.
                if (Directory.Exists(directory))
                {
                    Directory.Delete(directory, recursive: true);
                }

                PrivateDirectory.Create(directory);
                LibGit2Sharp.Repository.Init(directory, isBare: true);
            }

            var repository = new LibGit2Sharp.Repository(directory);
            remote.Configure(repository);
            return repository;
        }
    }

    // The data directory belongs to one process: what is locked before its first use was locked by one that was killed, and would stay so for ever.
    private void Unlock()
    {
        if (_unlocked)
        {
            return;
        }

        Delete(directory, "*.lock", SearchOption.AllDirectories);
        Delete(System.IO.Path.Combine(directory, "objects", "pack"), "pack_git2_*", SearchOption.TopDirectoryOnly);
        Delete(System.IO.Path.Combine(directory, "refs", "ascob"), $"{GitRemote.LookPrefix}*", SearchOption.TopDirectoryOnly);
        _unlocked = true;
    }

    private static void Delete(string directory, string pattern, SearchOption depth)
    {
        foreach (var file in Directory.Exists(directory) ? Directory.GetFiles(directory, pattern, depth) : [])
        {
            File.Delete(file);
        }
    }
}

using Ascob.Core.Errors;

namespace Ascob.Core.Repository;

/// <summary>The files of single commits on this machine, for the jobs that run in them.</summary>
public interface ICheckouts
{
    /// <summary>
    /// Answers where the files of a commit lie, and puts them there if need be. They stay while a run that names the commit is not final. <see cref="ErrorKind.Unavailable"/> where trying again may help.
    /// </summary>
    Task<Result<Checkout>> OpenAsync(string commit, CancellationToken cancellationToken);
}

/// <summary>The files of a commit.</summary>
/// <param name="Directory">Where a job begins. Not to be written to: other jobs run in it too.</param>
/// <param name="SearchPath">The directories in which a job's programs are looked for before those of the system.</param>
public sealed record Checkout(string Directory, IReadOnlyList<string> SearchPath);

namespace Ascob.Core.Repository;

/// <summary>Looks for scripts in the files of one commit.</summary>
internal interface IScriptFinder
{
    /// <summary>Answers what is wrong with a path below <c>scripts/</c>: it leads out of it, is missing or is no program; null where it can be run.</summary>
    string? Problem(string path);
}

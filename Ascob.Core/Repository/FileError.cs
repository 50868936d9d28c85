namespace Ascob.Core.Repository;

/// <summary>Something that is wrong in a file of the repository.</summary>
/// <param name="File">The file's path in the repository.</param>
/// <param name="Line">The line, from 1; null where the file as a whole is meant.</param>
/// <param name="Message">What is wrong and what is allowed; one sentence.</param>
internal sealed record FileError(string File, int? Line, string Message);

/// <summary>A file is broken at a place; ends the reading of it.</summary>
internal sealed class FileFault(int? line, string message) : Exception(message)
{
    /// <summary>Gets the line, from 1; null for the file as a whole.</summary>
    public int? Line => line;
}

using Ascob.Core.Files;

namespace Ascob.Core.Client;

/// <summary>An input file of a run.</summary>
/// <param name="Name">As given at upload.</param>
/// <param name="Size">In bytes.</param>
/// <param name="Sha256">Lower case hex.</param>
public sealed record RunFileInfo(string Name, long Size, string Sha256)
{
    /// <summary>Shows a stored file.</summary>
    public static RunFileInfo From(RunFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        return new RunFileInfo(file.Name, file.Size, file.Sha256);
    }
}

/// <summary>The input files of a run, by name.</summary>
/// <param name="Items">The files.</param>
public sealed record RunFileList(IReadOnlyList<RunFileInfo> Items);

namespace Ascob.Server.Persistence.Files;

/// <summary>The bound of an input file, from <c>Ascob:Limits:MaxFileBytes</c>.</summary>
internal sealed record RunFileLimits(long MaxFileBytes)
{
    public const long Default = 1L << 30;

    /// <summary>The most files of one run.</summary>
    public const int MostFiles = 100;
}

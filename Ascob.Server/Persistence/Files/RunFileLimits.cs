namespace Ascob.Server.Persistence.Files;

/// <summary>The bound of an input file, from <c>Ascob:Limits:MaxFileBytes</c>.</summary>
internal sealed record RunFileLimits(long MaxFileBytes)
{
    public const long Default = 100L * 1024 * 1024;
}

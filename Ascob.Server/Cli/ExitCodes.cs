namespace Ascob.Server.Cli;

/// <summary>What the command line answers to its caller; the numbers from 64 on are those of <c>sysexits.h</c>. Documented in <c>docs/cli.md</c>.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;

    /// <summary>The job failed without an exit code of its own, or a check of <c>doctor</c> failed.</summary>
    public const int Failed = 1;

    /// <summary>The command line was wrong.</summary>
    public const int Usage = 64;

    /// <summary>The server understood and refused: an invalid job, the wrong state.</summary>
    public const int Refused = 65;

    /// <summary>A file or a run does not exist.</summary>
    public const int NotFound = 66;

    /// <summary>The server cannot be reached, or cannot answer now.</summary>
    public const int Unavailable = 69;

    /// <summary>The launch is recorded, but the definition's policy kept it from starting.</summary>
    public const int Prevented = 75;

    /// <summary>The server answered with something that makes no sense.</summary>
    public const int Protocol = 76;

    /// <summary>No token, a wrong one, or a permission is missing.</summary>
    public const int NoPermission = 77;

    /// <summary>The configuration is wrong.</summary>
    public const int Configuration = 78;

    /// <summary>The run was aborted, or the user stopped watching it: 128 + SIGINT.</summary>
    public const int Interrupted = 130;
}

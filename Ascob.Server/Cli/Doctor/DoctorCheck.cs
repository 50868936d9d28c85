namespace Ascob.Server.Cli.Doctor;

/// <summary>One thing that <c>doctor</c> looked at.</summary>
/// <param name="Name">What.</param>
/// <param name="Verdict">How it is.</param>
/// <param name="Message">What was seen.</param>
/// <param name="Mend">Which setting or act mends it; null where nothing has to be mended.</param>
internal sealed record DoctorCheck(string Name, Verdict Verdict, string Message, string? Mend = null)
{
    public static DoctorCheck Ok(string name, string message) => new(name, Verdict.Ok, message);

    public static DoctorCheck Warn(string name, string message, string mend) => new(name, Verdict.Warn, message, mend);

    public static DoctorCheck Fail(string name, string message, string mend) => new(name, Verdict.Fail, message, mend);

    public static DoctorCheck Skip(string name, string message) => new(name, Verdict.Skip, message);
}

/// <summary>How a checked thing is.</summary>
internal enum Verdict
{
    /// <summary>Sound.</summary>
    Ok,

    /// <summary>It works, and will not for ever.</summary>
    Warn,

    /// <summary>It does not work.</summary>
    Fail,

    /// <summary>It could not be looked at from here.</summary>
    Skip,
}

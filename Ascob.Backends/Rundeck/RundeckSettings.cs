using System.Globalization;
using Ascob.Backends.Http;
using Ascob.Core.Backends;

namespace Ascob.Backends.Rundeck;

/// <summary>As whom Rundeck runs a job.</summary>
internal enum RundeckUser
{
    /// <summary>As the user of the token, always.</summary>
    Token,

    /// <summary>As the run's submitter.</summary>
    Submitter,

    /// <summary>As the user whom the label <c>rundeck_as_user</c> names; as the user of the token without it.</summary>
    Label,
}

/// <summary>The settings of one Rundeck.</summary>
internal sealed record RundeckSettings
{
    /// <summary>The oldest version of the API that has all that is used.</summary>
    public const int OldestVersion = 14;

    /// <summary>The version from which on a job's definition comes as JSON.</summary>
    public const int DefinitionVersion = 44;

    private const int NewestVersion = 99;

    public required Uri Url { get; init; }

    public required string AuthToken { get; init; }

    /// <summary>Gets the version that is asked for first; the server's own answer corrects it.</summary>
    public int ApiVersion { get; init; } = 46;

    public RundeckUser AsUser { get; init; }

    /// <summary>Gets the log level of jobs that name none; null for the job's own.</summary>
    public string? LogLevel { get; init; }

    /// <summary>Gets whether the run's files are uploaded for the file options of the same name.</summary>
    public bool FileOptions { get; init; } = true;

    /// <summary>Gets whether secret parameters go only into options that the job declares as secure.</summary>
    public bool CheckSecureOptions { get; init; } = true;

    public static RundeckSettings Read(BackendContext context)
    {
        var defaults = new RundeckSettings { Url = context.BaseUrl(), AuthToken = Token(context) };
        return defaults with
        {
            ApiVersion = Version(context, defaults.ApiVersion),
            AsUser = User(context),
            LogLevel = Level(context),
            FileOptions = context.Flag(nameof(FileOptions), defaults.FileOptions),
            CheckSecureOptions = context.Flag(nameof(CheckSecureOptions), defaults.CheckSecureOptions),
        };
    }

    private static string Token(BackendContext context)
    {
        var token = context.Required(nameof(AuthToken));
        return token.All(c => c is > ' ' and <= '~') ? token : throw context.Wrong(nameof(AuthToken), "a token of visible ASCII characters");
    }

    private static int Version(BackendContext context, int preset) => context.Settings(nameof(ApiVersion)) switch
    {
        null or "" => preset,
        { } text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value is >= OldestVersion and <= NewestVersion
            ? value
            : throw context.Wrong(nameof(ApiVersion), $"a whole number from {OldestVersion} to {NewestVersion}"),
    };

    private static RundeckUser User(BackendContext context) => context.Settings(nameof(AsUser)) switch
    {
        null or "" => RundeckUser.Token,
        { } text when !char.IsAsciiDigit(text[0]) && Enum.TryParse<RundeckUser>(text, ignoreCase: true, out var value) && Enum.IsDefined(value) => value,
        _ => throw context.Wrong(nameof(AsUser), "Token, Submitter or Label"),
    };

    private static string? Level(BackendContext context) => context.Settings(nameof(LogLevel)) switch
    {
        null or "" => null,
        { } text => RundeckJobRules.Level(text) ?? throw context.Wrong(nameof(LogLevel), "DEBUG, VERBOSE, INFO, WARN or ERROR"),
    };
}

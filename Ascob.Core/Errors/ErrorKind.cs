namespace Ascob.Core.Errors;

/// <summary>The class of an expected refusal; each has one HTTP status (<c>Ascob.Server/Api/Problems.cs</c>).</summary>
public enum ErrorKind
{
    /// <summary>Malformed or invalid fields; all of them are named. HTTP 400.</summary>
    Invalid,

    /// <summary>The caller may not do this. HTTP 403.</summary>
    Forbidden,

    /// <summary>It does not exist, or the caller may not know that it does. HTTP 404.</summary>
    NotFound,

    /// <summary>It is in a state that does not allow this. HTTP 409.</summary>
    Conflict,

    /// <summary>A body or file is over its limit. HTTP 413.</summary>
    TooLarge,

    /// <summary>Well-formed but impossible: no backend, a reused idempotency key. HTTP 422.</summary>
    Impossible,

    /// <summary>A bound on how often is reached. HTTP 429.</summary>
    TooMany,

    /// <summary>It cannot be stored or answered now; asking again later may help. HTTP 503.</summary>
    Unavailable,
}

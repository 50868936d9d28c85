namespace Ascob.Demo.PagerDuty;

/// <summary>What goes wrong with one request.</summary>
public enum PretendFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The connection breaks before anything was done.</summary>
    DropBefore,

    /// <summary>It is done, and the connection breaks before the answer.</summary>
    DropAfter,

    /// <summary>It is done, and the answer comes later than anybody waits.</summary>
    Late,

    /// <summary>It is done, and half of the answer comes.</summary>
    Truncate,

    /// <summary>It is done, and the answer says that the server failed.</summary>
    ErrorAfter,

    /// <summary>Nothing is done, and the answer says that the server is overloaded.</summary>
    ErrorBefore,

    /// <summary>Nothing is done; a proxy answers with its login page and status 200.</summary>
    LoginPage,

    /// <summary>It is done, and the answer is an empty object with status 200.</summary>
    Nonsense,

    /// <summary>It is done, and the answer is ten megabytes of something else.</summary>
    Huge,

    /// <summary>Nothing is done; the answer asks for fewer requests.</summary>
    TooMany,
}

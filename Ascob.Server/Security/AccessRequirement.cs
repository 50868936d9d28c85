namespace Ascob.Server.Security;

/// <summary>What a route asks of its callers. A route without one is closed to everybody.</summary>
internal sealed class AccessRequirement
{
    private AccessRequirement(AccessKind kind, string? permission = null, bool allowsSession = false)
    {
        Kind = kind;
        Permission = permission;
        AllowsSession = allowsSession;
    }

    public AccessKind Kind { get; }

    /// <summary>Gets the permission of <see cref="AccessKind.Permission"/>.</summary>
    public string? Permission { get; }

    /// <summary>Gets whether the cookie of a signed-in operator counts beside the header.</summary>
    public bool AllowsSession { get; }

    public static AccessRequirement Open { get; } = new(AccessKind.Open);

    public static AccessRequirement SecretUrl { get; } = new(AccessKind.SecretUrl);

    public static AccessRequirement Application { get; } = new(AccessKind.Application);

    public static AccessRequirement AnyToken { get; } = new(AccessKind.AnyToken);

    public static AccessRequirement Of(string permission) => new(AccessKind.Permission, permission);

    public static AccessRequirement Operator(string permission) => new(AccessKind.Permission, permission, allowsSession: true);
}

/// <summary>The kinds of <see cref="AccessRequirement"/>.</summary>
internal enum AccessKind
{
    /// <summary>Nothing is asked.</summary>
    Open,

    /// <summary>The URL itself holds a secret that the handler checks.</summary>
    SecretUrl,

    /// <summary>The credentials of a configured application, which the route's own gate looks at.</summary>
    Application,

    /// <summary>A good token, whatever it may do.</summary>
    AnyToken,

    /// <summary>A good token with a permission.</summary>
    Permission,
}

/// <summary>Puts requirements on routes.</summary>
internal static class AccessConventions
{
    public static TBuilder Requires<TBuilder>(this TBuilder route, string permission)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(AccessRequirement.Of(permission));

    public static TBuilder RequiresOperator<TBuilder>(this TBuilder route, string permission)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(AccessRequirement.Operator(permission));

    public static TBuilder RequiresAnyToken<TBuilder>(this TBuilder route)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(AccessRequirement.AnyToken);

    public static TBuilder IsSecretUrl<TBuilder>(this TBuilder route)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(AccessRequirement.SecretUrl);

    public static TBuilder IsOpen<TBuilder>(this TBuilder route)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(AccessRequirement.Open);
}

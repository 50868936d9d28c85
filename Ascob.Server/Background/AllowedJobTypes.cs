using Hangfire.Common;

namespace Ascob.Server.Background;

/// <summary>
/// The only types that a row in Hangfire's storage may name: whoever can write there could otherwise call any public method of the server.
/// </summary>
internal static class AllowedJobTypes
{
    private static readonly HashSet<Type> Allowed = [typeof(EngineJobs), typeof(string), typeof(long), typeof(CancellationToken)];

    /// <summary>Resolves a type name, and refuses every type that is not on the list.</summary>
    public static Type Resolve(string name)
    {
        // Hangfire's own data (states, parameters) is resolved by its default; only what is on the list may come out of it.
        var type = TypeHelper.DefaultTypeResolver(name);
        return Allowed.Contains(type)
            ? type
            : throw new InvalidOperationException($"The stored job names the type '{type.FullName}', which is not one of Ascob's jobs.");
    }
}

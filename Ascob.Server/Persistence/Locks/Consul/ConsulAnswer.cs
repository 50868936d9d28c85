using System.Diagnostics.CodeAnalysis;

namespace Ascob.Server.Persistence.Locks.Consul;

/// <summary>What a call to Consul came to: a value, or why there is none.</summary>
internal readonly record struct ConsulAnswer<T>(T? Value, ConsulFault? Fault, string? Text)
{
    [MemberNotNullWhen(false, nameof(Fault))]
    public bool IsValue => Fault is null;

    public static implicit operator ConsulAnswer<T>(T value) => new(value, null, null);
}

/// <summary>Why a call to Consul gave no answer to its question.</summary>
internal enum ConsulFault
{
    /// <summary>No answer, no leader, too busy: the same may succeed later. What was asked for may have been done.</summary>
    Away,

    /// <summary>The token may not do this.</summary>
    Denied,

    /// <summary>Consul knows no such session: make a new one, repeating is no use.</summary>
    InvalidSession,

    /// <summary>Consul refuses the request as it is, or it is not Consul: somebody must look at the settings.</summary>
    Refused,
}

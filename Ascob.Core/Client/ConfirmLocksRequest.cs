namespace Ascob.Core.Client;

/// <summary>An operator's word that Consul may start anew.</summary>
/// <param name="Reason">Why that does no harm, for those who read it later.</param>
public sealed record ConfirmLocksRequest(string? Reason);

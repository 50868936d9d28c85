using Refit;

namespace Ascob.Server.Persistence.Locks.Consul;

/// <summary>
/// What is asked of Consul. Names of locks travel in bodies only: in an address <c>..</c> would be folded away, however it is encoded. Answers come raw; <see cref="ConsulClient"/> judges them.
/// </summary>
internal interface IConsulApi
{
    [Put("/v1/session/create")]
    Task<HttpResponseMessage> CreateSessionAsync([Body] HttpContent session, CancellationToken cancellationToken);

    [Put("/v1/session/renew/{id}")]
    Task<HttpResponseMessage> RenewSessionAsync(string id, [Body] HttpContent nothing, CancellationToken cancellationToken);

    [Put("/v1/session/destroy/{id}")]
    Task<HttpResponseMessage> DestroySessionAsync(string id, [Body] HttpContent nothing, CancellationToken cancellationToken);

    [Get("/v1/session/info/{id}?consistent=true")]
    Task<HttpResponseMessage> FindSessionAsync(string id, CancellationToken cancellationToken);

    [Put("/v1/txn")]
    Task<HttpResponseMessage> WriteAsync([Body] HttpContent operations, CancellationToken cancellationToken);

    [Put("/v1/txn?consistent=true")]
    Task<HttpResponseMessage> ReadAsync([Body] HttpContent operations, CancellationToken cancellationToken);

    [Get("/v1/kv/{**prefix}?recurse=true")]
    Task<HttpResponseMessage> ListAsync(string prefix, string? index, string? wait, CancellationToken cancellationToken);
}

using Refit;

namespace Ascob.Tests.Examples.Conveyor;

/// <summary>The product's own interface. Every method answers the raw message: what status, headers and a body of any kind mean is for the adapter to say.</summary>
internal interface IConveyorApi
{
    [Post("/api/jobs/{name}/starts")]
    Task<HttpResponseMessage> StartAsync(string name, [Body] ConveyorOrder order, CancellationToken cancellationToken);

    [Get("/api/starts")]
    Task<HttpResponseMessage> ListAsync([Query] string ids, CancellationToken cancellationToken);

    [Get("/api/starts")]
    Task<HttpResponseMessage> SearchAsync([Query] string marker, CancellationToken cancellationToken);

    [Post("/api/starts/{id}/recall")]
    Task<HttpResponseMessage> RecallAsync(string id, CancellationToken cancellationToken);

    [Get("/api/starts/{id}/log")]
    Task<HttpResponseMessage> LogAsync(string id, [Query] long from, CancellationToken cancellationToken);

    [Get("/api/ping")]
    Task<HttpResponseMessage> PingAsync(CancellationToken cancellationToken);
}

/// <summary>The body of a start.</summary>
internal sealed record ConveyorOrder(string Marker, string? CallbackUrl, IReadOnlyDictionary<string, string> Parameters);

/// <summary>A job of the product. What is not there is null, so that an answer which is none can be told from one which is.</summary>
internal sealed record ConveyorStart(string? Id, string? Marker, string? State, string? Note);

/// <summary>A list of jobs.</summary>
internal sealed record ConveyorList(IReadOnlyList<ConveyorStart?>? Starts);

using System.Net.Http.Headers;
using Ascob.Backends.Http;
using Ascob.Core.Backends;
using Refit;

namespace Ascob.Tests.Examples.Conveyor;

/// <summary>Makes an adapter for each backend of <c>Type: Conveyor</c>.</summary>
internal sealed class ConveyorBackendType : IBackendType
{
    public string Name => "Conveyor";

    public string? InstanceLabel => "conveyor_instance";

    public IBackendAdapter Create(BackendContext context)
    {
        var url = context.BaseUrl();
        var token = context.Required("AuthToken");
        void Authorize(HttpRequestHeaders headers) => headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return new ConveyorBackendAdapter(
            context.Id,
            RestService.For<IConveyorApi>(BackendHttp.ForReads(context, url, Authorize)),
            RestService.For<IConveyorApi>(BackendHttp.ForOrders(url, Authorize)),
            context.Time);
    }
}

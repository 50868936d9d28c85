namespace Ascob.Backends.Http;

/// <summary>Gives every request a body, if an empty one, so that the transport below never sends it a second time by itself.</summary>
internal sealed class SendOnceHandler : DelegatingHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Content ??= new ByteArrayContent([]);
        request.Headers.ExpectContinue = false;
        return base.SendAsync(request, cancellationToken);
    }
}

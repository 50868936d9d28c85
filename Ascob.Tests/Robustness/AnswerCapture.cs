using System.Collections.Concurrent;

namespace Ascob.Tests.Robustness;

/// <summary>Keeps every answer that a client got: headers and body.</summary>
internal sealed class AnswerCapture : DelegatingHandler
{
    private readonly ConcurrentQueue<(string Request, string Answer)> _answers = new();

    public AnswerCapture()
        : base(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false })
    {
    }

    public IReadOnlyCollection<(string Request, string Answer)> Answers => _answers;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var answer = await base.SendAsync(request, cancellationToken);
        await answer.Content.LoadIntoBufferAsync(cancellationToken);
        var body = await answer.Content.ReadAsStringAsync(cancellationToken);
        _answers.Enqueue(($"{request.Method} {request.RequestUri?.PathAndQuery}", $"{answer.StatusCode} {answer.Headers} {answer.Content.Headers} {body}"));
        return answer;
    }
}

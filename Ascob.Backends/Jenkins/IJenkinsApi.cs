using Refit;

namespace Ascob.Backends.Jenkins;

/// <summary>
/// What is asked of Jenkins. Answers come raw: their status, headers and content are judged by <see cref="JenkinsClient"/>. A job is given as the path of
/// <see cref="JenkinsProject.Path"/>, whose segments are encoded one by one.
/// </summary>
internal interface IJenkinsApi
{
    [Get("/api/json")]
    Task<HttpResponseMessage> GetRootAsync(string tree, CancellationToken cancellationToken);

    [Get("/crumbIssuer/api/json")]
    Task<HttpResponseMessage> GetCrumbAsync(CancellationToken cancellationToken);

    [Get("/queue/api/json")]
    Task<HttpResponseMessage> GetQueueAsync(string tree, CancellationToken cancellationToken);

    [Get("/queue/item/{id}/api/json")]
    Task<HttpResponseMessage> GetQueueItemAsync(long id, string tree, CancellationToken cancellationToken);

    [Get("/job/{**job}/api/json")]
    Task<HttpResponseMessage> GetJobAsync(string job, string tree, CancellationToken cancellationToken);

    [Get("/job/{**job}/{number}/api/json")]
    Task<HttpResponseMessage> GetBuildAsync(string job, long number, string tree, CancellationToken cancellationToken);

    [Get("/job/{**job}/{number}/logText/progressiveText")]
    Task<HttpResponseMessage> GetLogAsync(string job, long number, long start, CancellationToken cancellationToken);

    // A delay without a unit would be milliseconds, and without any delay the job's quiet period would count.
    [Post("/job/{**job}/build?delay=0sec")]
    Task<HttpResponseMessage> StartAsync(string job, [HeaderCollection] IDictionary<string, string> crumb, CancellationToken cancellationToken);

    [Post("/job/{**job}/buildWithParameters?delay=0sec")]
    Task<HttpResponseMessage> StartWithParametersAsync(
        string job, [Body] HttpContent parameters, [HeaderCollection] IDictionary<string, string> crumb, CancellationToken cancellationToken);

    [Post("/queue/cancelItem")]
    Task<HttpResponseMessage> CancelItemAsync(long id, [HeaderCollection] IDictionary<string, string> crumb, CancellationToken cancellationToken);

    [Post("/job/{**job}/{number}/{order}")]
    Task<HttpResponseMessage> OrderAsync(string job, long number, string order, [HeaderCollection] IDictionary<string, string> crumb, CancellationToken cancellationToken);
}

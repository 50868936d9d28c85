using Refit;

namespace Ascob.Backends.Rundeck;

/// <summary>
/// The part of Rundeck's web API that is used. Every method answers the raw message: status, content type and garbage are judged in <see cref="RundeckAnswer"/>.
/// </summary>
internal interface IRundeckApi
{
    [Get("/api/{version}/projects")]
    Task<HttpResponseMessage> GetProjectsAsync(int version, CancellationToken cancellationToken);

    [Get("/api/{version}/system/executions/status")]
    Task<HttpResponseMessage> GetExecutionModeAsync(int version, CancellationToken cancellationToken);

    [Get("/api/{version}/project/{project}/jobs")]
    Task<HttpResponseMessage> FindJobsAsync(int version, string project, [AliasAs("jobExactFilter")] string name, [AliasAs("groupPathExact")] string? group, CancellationToken cancellationToken);

    [Get("/api/{version}/job/{jobId}/info")]
    Task<HttpResponseMessage> GetJobInfoAsync(int version, string jobId, CancellationToken cancellationToken);

    [Get("/api/{version}/job/{jobId}?format=json")]
    Task<HttpResponseMessage> GetJobDefinitionAsync(int version, string jobId, CancellationToken cancellationToken);

    [Post("/api/{version}/job/{jobId}/input/file/{option}")]
    Task<HttpResponseMessage> UploadAsync(int version, string jobId, string option, [AliasAs("fileName")] string fileName, [Body] HttpContent content, CancellationToken cancellationToken);

    [Post("/api/{version}/job/{jobId}/run")]
    Task<HttpResponseMessage> RunAsync(int version, string jobId, [Body] HttpContent content, CancellationToken cancellationToken);

    [Get("/api/{version}/execution/{executionId}")]
    Task<HttpResponseMessage> GetExecutionAsync(int version, long executionId, CancellationToken cancellationToken);

    // Any value of includePostponed switches it on, "false" too: so it is written here, and nowhere set.
    [Get("/api/{version}/project/{project}/executions/running?includePostponed=true")]
    Task<HttpResponseMessage> GetRunningAsync(
        int version, string project, string? jobIdFilter, [AliasAs("max")] int max, [AliasAs("offset")] int offset, CancellationToken cancellationToken);

    [Get("/api/{version}/project/{project}/executions")]
    Task<HttpResponseMessage> GetEndedAsync(
        int version, string project, string? jobIdListFilter, string recentFilter, [AliasAs("max")] int max, [AliasAs("offset")] int offset, CancellationToken cancellationToken);

    [Post("/api/{version}/execution/{executionId}/abort")]
    Task<HttpResponseMessage> AbortAsync(int version, long executionId, string? forceIncomplete, [Body] HttpContent content, CancellationToken cancellationToken);

    [Get("/api/{version}/execution/{executionId}/output")]
    Task<HttpResponseMessage> GetOutputAsync(int version, long executionId, long offset, [AliasAs("maxlines")] int lines, CancellationToken cancellationToken);
}

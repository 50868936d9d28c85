using Ascob.Core.Locks;
using Refit;

namespace Ascob.Core.Client;

/// <summary>
/// Every route of Ascob's HTTP interface, one method each. Made by <see cref="AscobClient.CreateApi"/>; refusals are <see cref="AscobApiException"/>. Methods that
/// answer an <see cref="HttpResponseMessage"/> return as soon as the headers are there and do not look at the status. <see cref="AscobClient"/> adds safe repetition.
/// </summary>
public interface IAscobApi
{
    /// <summary>Submits a job.</summary>
    [Post("/api/runs")]
    Task<SubmitRunResponse> SubmitAsync([Body] SubmitRunRequest request, [Header("Idempotency-Key")] string? idempotencyKey, CancellationToken cancellationToken);

    /// <summary>Submits a job with its input files.</summary>
    /// <param name="request">The JSON of a <see cref="SubmitRunRequest"/>.</param>
    /// <param name="files">The files, each named as the job shall know it.</param>
    /// <param name="idempotencyKey">Makes a repeated submission answer with the first one's run; null for none.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    [Multipart]
    [Post("/api/runs")]
    Task<SubmitRunResponse> SubmitWithFilesAsync(
        [AliasAs("request")] string request,
        [AliasAs("files")] IEnumerable<StreamPart> files,
        [Header("Idempotency-Key")] string? idempotencyKey,
        CancellationToken cancellationToken);

    /// <summary>Reads a run; with <paramref name="waitSeconds"/> when it is final or the time is over.</summary>
    [Get("/api/runs/{id}")]
    Task<RunInfo> GetRunAsync(long id, [Query] int? waitSeconds, CancellationToken cancellationToken);

    /// <summary>Reads a page of runs.</summary>
    [Get("/api/runs")]
    Task<RunList> ListRunsAsync([Query] RunQuery query, CancellationToken cancellationToken);

    /// <summary>Defines a job.</summary>
    [Post("/api/definitions")]
    Task<DefinitionInfo> CreateDefinitionAsync([Body] SaveDefinitionRequest request, CancellationToken cancellationToken);

    /// <summary>Reads a page of definitions.</summary>
    [Get("/api/definitions")]
    Task<DefinitionList> ListDefinitionsAsync([Query] DefinitionQuery query, CancellationToken cancellationToken);

    /// <summary>Reads a definition, by name or number.</summary>
    [Get("/api/definitions/{name}")]
    Task<DefinitionInfo> GetDefinitionAsync(string name, CancellationToken cancellationToken);

    /// <summary>Saves the next version of a definition.</summary>
    [Put("/api/definitions/{name}")]
    Task<DefinitionInfo> SaveDefinitionAsync(string name, [Body] SaveDefinitionRequest request, CancellationToken cancellationToken);

    /// <summary>Deletes a definition.</summary>
    [Delete("/api/definitions/{name}")]
    Task DeleteDefinitionAsync(string name, CancellationToken cancellationToken);

    /// <summary>Gives a definition another name.</summary>
    [Post("/api/definitions/{name}/rename")]
    Task<DefinitionInfo> RenameDefinitionAsync(string name, [Body] RenameDefinitionRequest request, CancellationToken cancellationToken);

    /// <summary>Has schedules pass a definition over.</summary>
    [Post("/api/definitions/{name}/suspend")]
    Task<DefinitionInfo> SuspendDefinitionAsync(string name, [Body] EmptyRequest body, CancellationToken cancellationToken);

    /// <summary>Has schedules launch a definition again.</summary>
    [Post("/api/definitions/{name}/resume")]
    Task<DefinitionInfo> ResumeDefinitionAsync(string name, [Body] EmptyRequest body, CancellationToken cancellationToken);

    /// <summary>Lists versions of a definition below a number, newest first.</summary>
    [Get("/api/definitions/{name}/versions")]
    Task<DefinitionVersionList> ListDefinitionVersionsAsync(string name, [Query] int? below, [Query] int? limit, CancellationToken cancellationToken);

    /// <summary>Reads one version of a definition.</summary>
    [Get("/api/definitions/{name}/versions/{version}")]
    Task<DefinitionInfo> GetDefinitionVersionAsync(string name, int version, CancellationToken cancellationToken);

    /// <summary>Tells what is different between two versions of a definition.</summary>
    [Get("/api/definitions/{name}/diff")]
    Task<DefinitionDiff> DiffDefinitionAsync(string name, [Query] int from, [Query] int? to, CancellationToken cancellationToken);

    /// <summary>Makes a definition a favourite of the token.</summary>
    [Put("/api/definitions/{name}/star")]
    Task StarDefinitionAsync(string name, CancellationToken cancellationToken);

    /// <summary>Makes a definition a favourite of the token no longer.</summary>
    [Delete("/api/definitions/{name}/star")]
    Task UnstarDefinitionAsync(string name, CancellationToken cancellationToken);

    /// <summary>Acknowledges a definition's newest failure.</summary>
    [Post("/api/definitions/{name}/acknowledge")]
    Task<AcknowledgementInfo> AcknowledgeDefinitionAsync(string name, [Body] AcknowledgeRequest request, CancellationToken cancellationToken);

    /// <summary>Launches a definition.</summary>
    [Post("/api/definitions/{name}/runs")]
    Task<LaunchDefinitionResponse> LaunchDefinitionAsync(
        string name, [Body] LaunchDefinitionRequest request, [Header("Idempotency-Key")] string? idempotencyKey, CancellationToken cancellationToken);

    /// <summary>Searches runs by the original's filters.</summary>
    [Post("/api/search/runs")]
    Task<SearchRunsResponse> SearchRunsAsync([Body] SearchRunsRequest request, CancellationToken cancellationToken);

    /// <summary>Asks for a stop.</summary>
    [Delete("/api/runs/{id}")]
    Task StopAsync(long id, [Query] bool force, CancellationToken cancellationToken);

    /// <summary>Releases a manual-start run.</summary>
    [Post("/api/runs/{id}/start")]
    Task StartAsync(long id, [Body] EmptyRequest body, CancellationToken cancellationToken);

    /// <summary>Submits the job of a run again.</summary>
    [Post("/api/runs/{id}/resubmit")]
    Task<SubmitRunResponse> ResubmitAsync(long id, [Body] ResubmitRequest request, CancellationToken cancellationToken);

    /// <summary>Asks the backend now.</summary>
    [Post("/api/runs/{id}/refresh")]
    Task<RunInfo> RefreshAsync(long id, [Body] EmptyRequest body, CancellationToken cancellationToken);

    /// <summary>Gives the verdict on a run in doubt.</summary>
    [Post("/api/runs/{id}/resolve")]
    Task ResolveAsync(long id, [Body] ResolveRequest request, CancellationToken cancellationToken);

    /// <summary>Reads output from an offset; with <paramref name="follow"/> until the run is final; of the present attempt unless another is named.</summary>
    [Get("/api/runs/{id}/output.txt")]
    Task<HttpResponseMessage> GetOutputAsync(long id, [Query] long? offset, [Query] bool? follow, [Query] int? attempt, CancellationToken cancellationToken);

    /// <summary>Reads standard output alone.</summary>
    [Get("/api/runs/{id}/output/stdout.txt")]
    Task<HttpResponseMessage> GetStdoutAsync(long id, [Query] long? offset, [Query] bool? follow, [Query] int? attempt, CancellationToken cancellationToken);

    /// <summary>Reads standard error alone.</summary>
    [Get("/api/runs/{id}/output/stderr.txt")]
    Task<HttpResponseMessage> GetStderrAsync(long id, [Query] long? offset, [Query] bool? follow, [Query] int? attempt, CancellationToken cancellationToken);

    /// <summary>Reads the timeline.</summary>
    [Get("/api/runs/{id}/events")]
    [Headers("Accept: application/json")]
    Task<RunEventList> GetEventsAsync(long id, CancellationToken cancellationToken);

    /// <summary>Streams the timeline as server-sent events after the given seq.</summary>
    [Get("/api/runs/{id}/events")]
    [Headers("Accept: text/event-stream")]
    Task<HttpResponseMessage> StreamEventsAsync(long id, [Header("Last-Event-ID")] string? lastEventId, CancellationToken cancellationToken);

    /// <summary>Attaches an input file.</summary>
    [Put("/api/runs/{id}/files/{fileId}")]
    Task UploadFileAsync(long id, string fileId, [Body] HttpContent content, CancellationToken cancellationToken);

    /// <summary>Lists the input files.</summary>
    [Get("/api/runs/{id}/files")]
    Task<RunFileList> ListFilesAsync(long id, CancellationToken cancellationToken);

    /// <summary>Asks how a job would be routed.</summary>
    [Post("/api/routing/explain")]
    Task<ExplainResponse> ExplainAsync([Body] SubmitRunRequest request, CancellationToken cancellationToken);

    /// <summary>Lists the backends.</summary>
    [Get("/api/backends")]
    Task<BackendList> ListBackendsAsync(CancellationToken cancellationToken);

    /// <summary>Holds new runs back from a backend.</summary>
    [Post("/api/backends/{id}/drain")]
    Task DrainBackendAsync(string id, [Body] EmptyRequest body, CancellationToken cancellationToken);

    /// <summary>Lets runs go to a backend again.</summary>
    [Post("/api/backends/{id}/resume")]
    Task ResumeBackendAsync(string id, [Body] EmptyRequest body, CancellationToken cancellationToken);

    /// <summary>Lists the workers with their load.</summary>
    [Get("/api/workers")]
    Task<WorkerList> ListWorkersAsync(CancellationToken cancellationToken);

    /// <summary>Forgets a worker that is gone for good.</summary>
    [Delete("/api/workers/{name}")]
    Task ForgetWorkerAsync(string name, CancellationToken cancellationToken);

    /// <summary>Lists the servers on the database.</summary>
    [Get("/api/servers")]
    Task<ServerList> ListServersAsync(CancellationToken cancellationToken);

    /// <summary>Has load balancers leave a server.</summary>
    [Post("/api/servers/{name}/drain")]
    Task DrainServerAsync(string name, [Body] EmptyRequest body, CancellationToken cancellationToken);

    /// <summary>Lets load balancers send requests to a server again.</summary>
    [Post("/api/servers/{name}/resume")]
    Task ResumeServerAsync(string name, [Body] EmptyRequest body, CancellationToken cancellationToken);

    /// <summary>Lists the locks that are held or wanted.</summary>
    [Get("/api/locks")]
    Task<LockListResponse> ListLocksAsync(CancellationToken cancellationToken);

    /// <summary>Takes a lock from its holders.</summary>
    [Delete("/api/locks/{key}")]
    Task BreakLockAsync(string key, CancellationToken cancellationToken);

    /// <summary>Asks whether a lock is held with a fencing number.</summary>
    [Get("/api/locks/{key}/verify")]
    Task<LockVerification> VerifyLockAsync(string key, [Query] long fence, CancellationToken cancellationToken);

    /// <summary>Lets locks be granted again after Consul has lost its memory.</summary>
    [Post("/api/locks/consul/confirm")]
    Task ConfirmLocksAsync([Body] ConfirmLocksRequest request, CancellationToken cancellationToken);

    /// <summary>Reports from a job; needs no token.</summary>
    [Post("/api/webhooks/runs/{webhookId}")]
    Task CallBackAsync(string webhookId, [Body] CallbackRequest request, CancellationToken cancellationToken);

    /// <summary>Claims a job for one execution; a conflict for any other one.</summary>
    [Post("/api/webhooks/runs/{webhookId}/claim")]
    Task ClaimAsync(string webhookId, [Body] ClaimRequest request, CancellationToken cancellationToken);

    /// <summary>Fetches an input file from a job; needs no token.</summary>
    [Get("/api/webhooks/runs/{webhookId}/files/{fileId}")]
    Task<HttpResponseMessage> GetCallbackFileAsync(string webhookId, string fileId, CancellationToken cancellationToken);

    /// <summary>Tells who the token is.</summary>
    [Get("/api/security/whoami")]
    Task<WhoAmI> WhoAmIAsync(CancellationToken cancellationToken);

    /// <summary>Lists the issued tokens.</summary>
    [Get("/api/security/tokens")]
    Task<TokenList> ListTokensAsync(CancellationToken cancellationToken);

    /// <summary>Makes a token; with <paramref name="rotate"/> in place of the one of that name.</summary>
    [Post("/api/security/tokens/{identifier}")]
    Task<CreateTokenResponse> CreateTokenAsync(string identifier, [Body] CreateTokenRequest request, [Query] bool? rotate, CancellationToken cancellationToken);

    /// <summary>Revokes a token.</summary>
    [Delete("/api/security/tokens/{identifier}")]
    Task DeleteTokenAsync(string identifier, CancellationToken cancellationToken);

    /// <summary>Asks whether the server can serve.</summary>
    [Get("/healthz/ready")]
    Task<HttpResponseMessage> ReadyAsync(CancellationToken cancellationToken);
}

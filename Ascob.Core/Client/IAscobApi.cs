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

    /// <summary>Reads how much memory the runs of a definition took.</summary>
    [Get("/api/definitions/{name}/memory")]
    Task<DefinitionMemory> GetDefinitionMemoryAsync(string name, CancellationToken cancellationToken);

    /// <summary>Reads a page of what was executed in a period, and what is executed now.</summary>
    [Get("/api/executions")]
    Task<ExecutionList> ListExecutionsAsync([Query] ExecutionQuery query, CancellationToken cancellationToken);

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
    Task<ResubmitResponse> ResubmitAsync(long id, [Body] ResubmitRequest request, CancellationToken cancellationToken);

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

    /// <summary>Creates an event of a job's own; needs no token.</summary>
    [Post("/api/webhooks/runs/{webhookId}/events")]
    Task<OverseerEvent> CreateCallbackEventAsync(string webhookId, [Body] OverseerEventRequest request, CancellationToken cancellationToken);

    /// <summary>Tells how the repository of job definitions stands.</summary>
    [Get("/api/repository")]
    Task<RepositoryInfo> GetRepositoryAsync(CancellationToken cancellationToken);

    /// <summary>Tells what the repository's latest commit would change.</summary>
    [Get("/api/repository/plan")]
    Task<RepositoryPlanInfo> GetRepositoryPlanAsync(CancellationToken cancellationToken);

    /// <summary>Has the repository looked at, and its latest commit applied; with a commit, only where that is the latest.</summary>
    [Post("/api/repository/refresh")]
    Task<RepositoryPlanInfo> RefreshRepositoryAsync([Body] RefreshRepositoryRequest body, CancellationToken cancellationToken);

    /// <summary>Tells that the repository has changed; needs no token but the webhook's secret.</summary>
    [Post("/api/webhooks/repository")]
    Task NoteRepositoryChangeAsync([Header("X-Gitlab-Token")] string secret, [Body] EmptyRequest body, CancellationToken cancellationToken);

    /// <summary>Lists the jobs of the repository.</summary>
    [Get("/jobs")]
    Task<IReadOnlyList<OverseerJobItem>> ListOverseerJobsAsync(CancellationToken cancellationToken);

    /// <summary>Reads a job of the repository with its latest executions.</summary>
    [Get("/jobs/{name}")]
    Task<OverseerJob> GetOverseerJobAsync(string name, [Query] int? limit, [Query] string? cursor, CancellationToken cancellationToken);

    /// <summary>Executes a job of the repository with the values of its variables.</summary>
    [Post("/jobs/{name}")]
    Task<OverseerStarted> ExecuteOverseerJobAsync(
        string name, [Body] IReadOnlyDictionary<string, object?> variables, [Query] string? submitter, [Header("Idempotency-Key")] string? idempotencyKey, CancellationToken cancellationToken);

    /// <summary>Takes a job of the repository out of the active ones.</summary>
    [Delete("/jobs/{name}")]
    Task DeactivateOverseerJobAsync(string name, CancellationToken cancellationToken);

    /// <summary>Takes a job of the repository back among the active ones.</summary>
    [Put("/jobs/{name}")]
    Task ActivateOverseerJobAsync(string name, [Body] EmptyRequest body, CancellationToken cancellationToken);

    /// <summary>Reads an execution with its events.</summary>
    [Get("/jobs/{name}/{execution}")]
    Task<OverseerExecution> GetOverseerExecutionAsync(string name, string execution, CancellationToken cancellationToken);

    /// <summary>Executes a job again with the same values; <paramref name="commit"/> <c>same</c>: in the files of the same commit.</summary>
    [Post("/jobs/{name}/{execution}")]
    Task<OverseerStarted> RepeatOverseerExecutionAsync(
        string name, string execution, [Query] string? commit, [Body] EmptyRequest body, [Header("Idempotency-Key")] string? idempotencyKey, CancellationToken cancellationToken);

    /// <summary>Creates an event of an execution, and sends the signal that it stands for.</summary>
    [Put("/jobs/{name}/{execution}")]
    Task<OverseerEvent> CreateOverseerEventAsync(string name, string execution, [Body] OverseerEventRequest request, CancellationToken cancellationToken);

    /// <summary>Reads the standard output of an execution.</summary>
    [Get("/jobs/{name}/{execution}/stdout")]
    Task<HttpResponseMessage> GetOverseerStdoutAsync(string name, string execution, [Query] long? offset, [Query] bool? follow, CancellationToken cancellationToken);

    /// <summary>Reads the standard error of an execution.</summary>
    [Get("/jobs/{name}/{execution}/stderr")]
    Task<HttpResponseMessage> GetOverseerStderrAsync(string name, string execution, [Query] long? offset, [Query] bool? follow, CancellationToken cancellationToken);

    /// <summary>Reads both outputs of an execution in the order of their coming.</summary>
    [Get("/jobs/{name}/{execution}/output")]
    Task<HttpResponseMessage> GetOverseerOutputAsync(string name, string execution, [Query] long? offset, [Query] bool? follow, CancellationToken cancellationToken);

    /// <summary>Reads an event of an execution: one record, or a list with the newest first.</summary>
    [Get("/jobs/{name}/{execution}/{eventName}")]
    Task<HttpResponseMessage> GetOverseerEventAsync(string name, string execution, string eventName, CancellationToken cancellationToken);

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

    /// <summary>Lists who is notified of what.</summary>
    [Get("/api/notifications/subscriptions")]
    Task<SubscriptionList> ListSubscriptionsAsync(CancellationToken cancellationToken);

    /// <summary>Makes a subscription; the answer shows a secret that was made for it this one time.</summary>
    [Post("/api/notifications/subscriptions")]
    Task<SubscriptionInfo> CreateSubscriptionAsync([Body] SubscriptionRequest request, CancellationToken cancellationToken);

    /// <summary>Reads a subscription.</summary>
    [Get("/api/notifications/subscriptions/{id}")]
    Task<SubscriptionInfo> GetSubscriptionAsync(long id, CancellationToken cancellationToken);

    /// <summary>Changes a subscription; its secrets stay where the request has none.</summary>
    [Put("/api/notifications/subscriptions/{id}")]
    Task<SubscriptionInfo> ReplaceSubscriptionAsync(long id, [Body] SubscriptionRequest request, CancellationToken cancellationToken);

    /// <summary>Deletes a subscription with all that waits for its receiver.</summary>
    [Delete("/api/notifications/subscriptions/{id}")]
    Task DeleteSubscriptionAsync(long id, CancellationToken cancellationToken);

    /// <summary>Sends a test message to the receiver of a subscription.</summary>
    [Post("/api/notifications/subscriptions/{id}/test")]
    Task<TestNotificationResponse> TestSubscriptionAsync(long id, [Body] EmptyRequest body, CancellationToken cancellationToken);

    /// <summary>Lists what is, was or could not be delivered.</summary>
    [Get("/api/notifications/deliveries")]
    Task<DeliveryList> ListDeliveriesAsync([Query] DeliveryListQuery query, CancellationToken cancellationToken);

    /// <summary>Sends dead messages on their way again.</summary>
    [Post("/api/notifications/deliveries/replay")]
    Task<DeadDeliveriesResponse> ReplayDeliveriesAsync([Body] DeadDeliveriesRequest request, CancellationToken cancellationToken);

    /// <summary>Drops dead messages.</summary>
    [Post("/api/notifications/deliveries/drop")]
    Task<DeadDeliveriesResponse> DropDeliveriesAsync([Body] DeadDeliveriesRequest request, CancellationToken cancellationToken);
    /// <summary>Lists the schedules of all definitions, by number.</summary>
    [Get("/api/schedules")]
    Task<ScheduleList> ListSchedulesAsync([Query] long? after, [Query] int? limit, CancellationToken cancellationToken);

    /// <summary>Answers the firings of a schedule that is not saved.</summary>
    [Post("/api/schedules/preview")]
    Task<FiringList> PreviewScheduleAsync([Body] PreviewScheduleRequest request, CancellationToken cancellationToken);

    /// <summary>Lists the schedules of a definition.</summary>
    [Get("/api/definitions/{name}/schedules")]
    Task<ScheduleList> ListSchedulesOfAsync(string name, CancellationToken cancellationToken);

    /// <summary>Adds a schedule to a definition.</summary>
    [Post("/api/definitions/{name}/schedules")]
    Task<ScheduleInfo> AddScheduleAsync(string name, [Body] SaveScheduleRequest request, CancellationToken cancellationToken);

    /// <summary>Reads a schedule.</summary>
    [Get("/api/definitions/{name}/schedules/{id}")]
    Task<ScheduleInfo> GetScheduleAsync(string name, long id, CancellationToken cancellationToken);

    /// <summary>Replaces a schedule.</summary>
    [Put("/api/definitions/{name}/schedules/{id}")]
    Task<ScheduleInfo> SaveScheduleAsync(string name, long id, [Body] SaveScheduleRequest request, CancellationToken cancellationToken);

    /// <summary>Deletes a schedule.</summary>
    [Delete("/api/definitions/{name}/schedules/{id}")]
    Task DeleteScheduleAsync(string name, long id, CancellationToken cancellationToken);

    /// <summary>Answers the coming firings of a schedule.</summary>
    [Get("/api/definitions/{name}/schedules/{id}/next")]
    Task<FiringList> NextOfScheduleAsync(string name, long id, [Query] int? count, CancellationToken cancellationToken);

    /// <summary>Reads what became of firings, newest first.</summary>
    [Get("/api/definitions/{name}/schedules/{id}/ticks")]
    Task<TickList> ListTicksAsync(string name, long id, [Query] DateTimeOffset? before, [Query] int? limit, CancellationToken cancellationToken);

    /// <summary>Answers the coming firings of all schedules of a definition.</summary>
    [Get("/api/definitions/{name}/next")]
    Task<FiringList> NextOfDefinitionAsync(string name, [Query] int? count, CancellationToken cancellationToken);

    /// <summary>Lists the suspensions of a definition's schedules.</summary>
    [Get("/api/definitions/{name}/suspensions")]
    Task<SuspensionList> ListSuspensionsAsync(string name, CancellationToken cancellationToken);

    /// <summary>Adds a time in which no schedule of a definition fires.</summary>
    [Post("/api/definitions/{name}/suspensions")]
    Task<SuspensionInfo> AddSuspensionAsync(string name, [Body] SaveSuspensionRequest request, CancellationToken cancellationToken);

    /// <summary>Deletes a suspension.</summary>
    [Delete("/api/definitions/{name}/suspensions/{id}")]
    Task DeleteSuspensionAsync(string name, long id, CancellationToken cancellationToken);

    /// <summary>Asks whether the server can serve.</summary>
    [Get("/healthz/ready")]
    Task<HttpResponseMessage> ReadyAsync(CancellationToken cancellationToken);
}

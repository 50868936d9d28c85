using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Ascob.Core.Jobs;
using Refit;

namespace Ascob.Core.Client;

/// <summary>
/// The typed client of Ascob. Submissions carry an idempotency key, so that they and all reads are repeated safely when the connection breaks or the server says
/// 503; other calls are sent once. Refusals are <see cref="AscobApiException"/>. Safe for use by several threads at once.
/// </summary>
public sealed partial class AscobClient : IDisposable
{
    /// <summary>The header that carries the token.</summary>
    public const string TokenHeader = "X-Api-Token";

    private readonly HttpClient _http;
    private readonly HttpClient? _owned;
    private readonly AscobClientOptions _options;
    private readonly SafeRepetition _repetition;

    /// <summary>Initialises a client with connections of its own.</summary>
    /// <param name="baseUrl">Where Ascob is, such as <c>http://localhost:8081</c>; a path is kept.</param>
    /// <param name="token">The token.</param>
    /// <param name="options">Null for the usual.</param>
    public AscobClient(Uri baseUrl, string token, AscobClientOptions? options = null)
        : this(Connect(baseUrl, token), options) => _owned = _http;

    /// <summary>Initialises a client over connections of the caller's, whose base address and token header are set there.</summary>
    public AscobClient(HttpClient http, AscobClientOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(http);
        _http = http;
        _options = options ?? new AscobClientOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.MaxAttempts, 1, nameof(options));
        _repetition = new SafeRepetition(_options);
        Api = CreateApi(http);
    }

    /// <summary>Gets every route as it is, without repetition.</summary>
    public IAscobApi Api { get; }

    /// <summary>Makes the typed routes over an HTTP client whose base address and token header are set.</summary>
    public static IAscobApi CreateApi(HttpClient http) => RestService.For<IAscobApi>(http, new RefitSettings(new SystemTextJsonContentSerializer(AscobJson.Options))
    {
        UrlParameterFormatter = new WireUrlFormatter(),
        UrlParameterKeyFormatter = new CamelCaseUrlParameterKeyFormatter(),
        ExceptionFactory = async response => response.IsSuccessStatusCode
            ? null
            : await AscobApiException.FromAsync(response, CancellationToken.None).ConfigureAwait(false),
        TransportExceptionFactory = (_, cause, _) => cause,
        DeserializationExceptionFactory = (response, cause) => ValueTask.FromResult<Exception?>(AscobApiException.Unreadable(response, cause)),
    });

    /// <summary>Submits a job and answers the run's number. Repeated safely.</summary>
    /// <param name="spec">The job.</param>
    /// <param name="idempotencyKey">The same key with the same job answers with the same run, also from another process; null for a new random one.</param>
    /// <param name="cancellationToken">Stops waiting; the run may exist all the same.</param>
    public async Task<long> SubmitAsync(JobSpec spec, string? idempotencyKey = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var key = idempotencyKey ?? Guid.NewGuid().ToString("n");
        var answer = await _repetition.RunAsync(ct => Api.SubmitAsync(new SubmitRunRequest(spec), key, ct), cancellationToken).ConfigureAwait(false);
        return answer.RunId;
    }

    /// <summary>Submits a job with input files. Sent once, because streams can be read once.</summary>
    public async Task<long> SubmitWithFilesAsync(
        JobSpec spec, IReadOnlyDictionary<string, Stream> files, string? idempotencyKey = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(files);
        var request = JsonSerializer.Serialize(new SubmitRunRequest(spec), AscobJson.Options);
        var parts = files.Select(f => new StreamPart(f.Value, f.Key, "application/octet-stream", "files")).ToList();
        var answer = await Api.SubmitWithFilesAsync(request, parts, idempotencyKey, cancellationToken).ConfigureAwait(false);
        return answer.RunId;
    }

    /// <summary>Reads a run.</summary>
    public Task<RunInfo> GetAsync(long runId, CancellationToken cancellationToken = default) =>
        _repetition.RunAsync(ct => Api.GetRunAsync(runId, null, ct), cancellationToken);

    /// <summary>Launches a definition. Sent again with the same key until an answer comes, so that it is launched once.</summary>
    /// <param name="name">The definition, by name or number.</param>
    /// <param name="request">The values of its parameters; null for none.</param>
    /// <param name="idempotencyKey">Null for a key of its own.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public Task<LaunchDefinitionResponse> LaunchAsync(
        string name, LaunchDefinitionRequest? request = null, string? idempotencyKey = null, CancellationToken cancellationToken = default)
    {
        var key = idempotencyKey ?? Guid.NewGuid().ToString("n");
        return _repetition.RunAsync(ct => Api.LaunchDefinitionAsync(name, request ?? new LaunchDefinitionRequest(), key, ct), cancellationToken);
    }

    /// <summary>Reads a definition, by name or number.</summary>
    public Task<DefinitionInfo> GetDefinitionAsync(string name, CancellationToken cancellationToken = default) =>
        _repetition.RunAsync(ct => Api.GetDefinitionAsync(name, ct), cancellationToken);

    /// <summary>Reads all definitions that a query finds, by name, page by page.</summary>
    public async IAsyncEnumerable<DefinitionInfo> DefinitionsAsync(DefinitionQuery? query = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var next = query ?? new DefinitionQuery();
        while (true)
        {
            var asked = next;
            var page = await _repetition.RunAsync(ct => Api.ListDefinitionsAsync(asked, ct), cancellationToken).ConfigureAwait(false);
            foreach (var definition in page.Items)
            {
                yield return definition;
            }

            if (string.IsNullOrEmpty(page.NextCursor))
            {
                yield break;
            }

            next = next with { Cursor = page.NextCursor };
        }
    }

    /// <summary>Asks for a stop. It is done when the run is final.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="force">Whether the job is ended without being asked.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public Task StopAsync(long runId, bool force = false, CancellationToken cancellationToken = default) =>
        OnceAsync(ct => Api.StopAsync(runId, force, ct), cancellationToken);

    /// <summary>Releases a manual-start run. Of several callers one wins; the others get a conflict.</summary>
    public Task StartAsync(long runId, CancellationToken cancellationToken = default) =>
        OnceAsync(ct => Api.StartAsync(runId, EmptyRequest.Instance, ct), cancellationToken);

    /// <summary>Submits the job of a run again and answers the new run's number, also where the policy of the run's definition kept it from starting: that run is <c>ABORTED</c> and says why. Sent once.</summary>
    public async Task<long> ResubmitAsync(long runId, ResubmitRequest? changes = null, CancellationToken cancellationToken = default)
    {
        var answer = await _repetition.OnceAsync(ct => Api.ResubmitAsync(runId, changes ?? new ResubmitRequest(), ct), cancellationToken).ConfigureAwait(false);
        return answer.RunId;
    }

    /// <summary>Asks the backend now, and answers the run as it is then.</summary>
    public Task<RunInfo> RefreshAsync(long runId, CancellationToken cancellationToken = default) =>
        _repetition.RunAsync(ct => Api.RefreshAsync(runId, EmptyRequest.Instance, ct), cancellationToken);

    /// <summary>Gives the verdict on a run in doubt.</summary>
    public Task ResolveAsync(long runId, ResolveRequest verdict, CancellationToken cancellationToken = default) =>
        OnceAsync(ct => Api.ResolveAsync(runId, verdict, ct), cancellationToken);

    /// <summary>Reads all runs that a query finds, newest first, page by page.</summary>
    public async IAsyncEnumerable<RunInfo> SearchAsync(RunQuery? query = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var next = query ?? new RunQuery();
        while (true)
        {
            var asked = next;
            var page = await _repetition.RunAsync(ct => Api.ListRunsAsync(asked, ct), cancellationToken).ConfigureAwait(false);
            foreach (var run in page.Items)
            {
                yield return run;
            }

            if (string.IsNullOrEmpty(page.NextCursor))
            {
                yield break;
            }

            next = next with { Cursor = page.NextCursor };
        }
    }

    /// <summary>Attaches an input file to a manual-start run before its start. The stream is read once and left open.</summary>
    public async Task UploadFileAsync(long runId, string fileId, Stream content, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(fileId);
        ArgumentNullException.ThrowIfNull(content);

        // Escaping leaves dots alone and the URL would be folded: the file would go to another route.
        if (fileId is "." or "..")
        {
            throw new ArgumentException("A file cannot have this name.", nameof(fileId));
        }

        using var body = new StreamContent(new KeptOpenStream(content));
        body.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        await Api.UploadFileAsync(runId, fileId, body, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Lists the input files of a run.</summary>
    public async Task<IReadOnlyList<RunFileInfo>> FilesAsync(long runId, CancellationToken cancellationToken = default) =>
        (await _repetition.RunAsync(ct => Api.ListFilesAsync(runId, ct), cancellationToken).ConfigureAwait(false)).Items;

    /// <summary>Asks how a job would be routed.</summary>
    public Task<ExplainResponse> ExplainAsync(JobSpec spec, CancellationToken cancellationToken = default) =>
        _repetition.RunAsync(ct => Api.ExplainAsync(new SubmitRunRequest(spec), ct), cancellationToken);

    /// <summary>Lists the backends.</summary>
    public async Task<IReadOnlyList<BackendInfo>> BackendsAsync(CancellationToken cancellationToken = default) =>
        (await _repetition.RunAsync(Api.ListBackendsAsync, cancellationToken).ConfigureAwait(false)).Items;

    /// <summary>Lists the locks that are held or wanted, and how their keeper is.</summary>
    public Task<LockListResponse> LocksAsync(CancellationToken cancellationToken = default) => _repetition.RunAsync(Api.ListLocksAsync, cancellationToken);

    /// <summary>Tells who the token is.</summary>
    public Task<WhoAmI> WhoAmIAsync(CancellationToken cancellationToken = default) => _repetition.RunAsync(Api.WhoAmIAsync, cancellationToken);

    /// <summary>Lists the issued tokens.</summary>
    public async Task<IReadOnlyList<TokenInfo>> TokensAsync(CancellationToken cancellationToken = default) =>
        (await _repetition.RunAsync(Api.ListTokensAsync, cancellationToken).ConfigureAwait(false)).Items;

    /// <summary>Makes a token and answers its secret, which is never shown again. Sent once.</summary>
    public async Task<string> CreateTokenAsync(
        string identifier, CreateTokenRequest request, bool rotate = false, CancellationToken cancellationToken = default)
    {
        var answer = await _repetition.OnceAsync(ct => Api.CreateTokenAsync(identifier, request, rotate ? true : null, ct), cancellationToken).ConfigureAwait(false);
        return answer.Secret;
    }

    /// <summary>Revokes a token.</summary>
    public Task DeleteTokenAsync(string identifier, CancellationToken cancellationToken = default) =>
        OnceAsync(ct => Api.DeleteTokenAsync(identifier, ct), cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _owned?.Dispose();

    private static HttpClient Connect(Uri baseUrl, string token)
    {
        ArgumentNullException.ThrowIfNull(baseUrl);
        ArgumentException.ThrowIfNullOrWhiteSpace(token);
        var handler = new SocketsHttpHandler
        {
            // A redirect to another host would carry the token there.
            AllowAutoRedirect = false,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        };
        var http = new HttpClient(handler) { BaseAddress = baseUrl, Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.Add(TokenHeader, token);
        return http;
    }

    private async Task OnceAsync(Func<CancellationToken, Task> call, CancellationToken cancellationToken) => await _repetition.OnceAsync(
        async ct =>
        {
            await call(ct).ConfigureAwait(false);
            return true;
        },
        cancellationToken).ConfigureAwait(false);
}

using System.Text.Json;
using System.Text.Json.Serialization;
using Ascob.Core.Jobs;
using Ascob.Core.Locks;
using Ascob.Core.Routing;

namespace Ascob.Core.Client;

/// <summary>The metadata of the wire types, made by the compiler so that the first request need not wait for reflection. The rules are in <see cref="AscobJson"/>.</summary>
[JsonSerializable(typeof(BackendList))]
[JsonSerializable(typeof(CallbackRequest))]
[JsonSerializable(typeof(CallbackResponse))]
[JsonSerializable(typeof(ClaimRequest))]
[JsonSerializable(typeof(ClaimResponse))]
[JsonSerializable(typeof(ConfirmLocksRequest))]
[JsonSerializable(typeof(CreateTokenRequest))]
[JsonSerializable(typeof(CreateTokenResponse))]
[JsonSerializable(typeof(EmptyRequest))]
[JsonSerializable(typeof(ExplainResponse))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, long>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
[JsonSerializable(typeof(JobSpec))]
[JsonSerializable(typeof(LockListResponse))]
[JsonSerializable(typeof(LockVerification))]
[JsonSerializable(typeof(JsonDocument))]
[JsonSerializable(typeof(OverseerEvent))]
[JsonSerializable(typeof(OverseerEvent[]))]
[JsonSerializable(typeof(OverseerEventRequest))]
[JsonSerializable(typeof(OverseerExecution))]
[JsonSerializable(typeof(OverseerJob))]
[JsonSerializable(typeof(OverseerJobItem[]))]
[JsonSerializable(typeof(OverseerStarted))]
[JsonSerializable(typeof(ProblemInfo))]
[JsonSerializable(typeof(RepositoryInfo))]
[JsonSerializable(typeof(RepositoryPlanInfo))]
[JsonSerializable(typeof(ResolveRequest))]
[JsonSerializable(typeof(ResubmitRequest))]
[JsonSerializable(typeof(RoutingDecision))]
[JsonSerializable(typeof(RunEventInfo))]
[JsonSerializable(typeof(RunEventList))]
[JsonSerializable(typeof(RunFileInfo))]
[JsonSerializable(typeof(RunFileList))]
[JsonSerializable(typeof(RunInfo))]
[JsonSerializable(typeof(RunList))]
[JsonSerializable(typeof(SearchRunsRequest))]
[JsonSerializable(typeof(SearchRunsResponse))]
[JsonSerializable(typeof(ServerInfo))]
[JsonSerializable(typeof(ServerList))]
[JsonSerializable(typeof(SubmitRunRequest))]
[JsonSerializable(typeof(SubmitRunResponse))]
[JsonSerializable(typeof(TokenList))]
[JsonSerializable(typeof(WhoAmI))]
[JsonSerializable(typeof(WorkerList))]
internal sealed partial class AscobJsonContext : JsonSerializerContext;

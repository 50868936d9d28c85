using System.Net;
using System.Text.Json;
using Ascob.Backends.Http;
using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Microsoft.Extensions.Logging;

namespace Ascob.Backends.PagerDuty;

/// <summary>
/// Translates between Ascob and PagerDuty. Its API stops no action and shows no output, so this adapter does neither, and says so by what it does not implement.
/// </summary>
internal sealed class PagerDutyBackendAdapter : IBackendAdapter, ISupportFind, ISupportStatus, ISupportCleanup, IDisposable
{
    private readonly PagerDutySettings _settings;
    private readonly PagerDutyCalls _calls;
    private readonly PagerDutyIncidents _incidents;
    private readonly PagerDutySubmission _submission;
    private readonly PagerDutyLookUp _lookUp;
    private readonly PagerDutyStatuses _statuses;
    private readonly ILogger _logger;

    public PagerDutyBackendAdapter(BackendContext context, PagerDutySettings settings)
    {
        _settings = settings;
        _calls = new PagerDutyCalls(context, settings);
        _incidents = new PagerDutyIncidents(_calls, settings);
        _submission = new PagerDutySubmission(_calls, _incidents, settings, context.Time);
        _lookUp = new PagerDutyLookUp(_calls, _incidents, settings, context.Options);
        _statuses = new PagerDutyStatuses(_calls, settings, context.Options, context.Time);
        _logger = context.Log<PagerDutyBackendAdapter>();
    }

    public string BackendId => _settings.BackendId;

    public bool ResendIsSafe => false;

    public IReadOnlyList<FieldError> Validate(JobSpec spec)
    {
        PagerDutyWork.Read(spec, _settings, out var errors);
        return errors;
    }

    public Task<SubmitOutcome> SubmitAsync(BackendJob job, CancellationToken cancellationToken) => _submission.SubmitAsync(job, cancellationToken);

    public Task<FindOutcome> FindAsync(BackendJob job, CancellationToken cancellationToken) => _lookUp.FindAsync(job, cancellationToken);

    public Task<IReadOnlyList<BackendReport>> GetStatusesAsync(IReadOnlyList<BackendRunRef> runs, CancellationToken cancellationToken) => _statuses.GetAsync(runs, cancellationToken);

    public async Task CleanUpAsync(BackendRunRef run, CancellationToken cancellationToken)
    {
        if (run.Keys.ContainsKey(PagerDutyKeys.OwnIncident)
            && PagerDutyKeys.Id(run.Keys, PagerDutyKeys.IncidentId) is { } incidentId
            && await _incidents.ResolveAsync(incidentId, cancellationToken).ConfigureAwait(false) is { } failure)
        {
            _logger.LogWarning("Run {RunId}: its incident {IncidentId} could not be resolved: {Reason}", run.RunId, incidentId, failure);
        }
    }

    public async Task<BackendHealth> CheckHealthAsync(CancellationToken cancellationToken)
    {
        var answer = await _calls.ReadAsync(api => api.ListActionsAsync(1, cancellationToken), cancellationToken).ConfigureAwait(false);
        if (answer.Part("actions", JsonValueKind.Array) is not null)
        {
            return new BackendHealth(true);
        }

        var mend = answer.Status switch
        {
            HttpStatusCode.Unauthorized => $"mend {_settings.Key(nameof(PagerDutySettings.ApiToken))}",
            HttpStatusCode.Forbidden or HttpStatusCode.PaymentRequired => $"give the owner of {_settings.Key(nameof(PagerDutySettings.ApiToken))} the right to run automation actions",
            HttpStatusCode.TooManyRequests => "it goes on by itself",
            null => $"see {_settings.Key(nameof(PagerDutySettings.Url))} and the network",
            _ => $"see {_settings.Key(nameof(PagerDutySettings.Url))}",
        };
        return new BackendHealth(false, $"{answer.Reason}; {mend}");
    }

    public void Dispose() => _calls.Dispose();
}

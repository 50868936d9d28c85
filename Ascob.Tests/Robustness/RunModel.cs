using Ascob.Core.Backends;
using Ascob.Core.Runs;

namespace Ascob.Tests.Robustness;

/// <summary>
/// The reference: how runs must move, written down a second time and as simply as possible. It knows only states of rest, where nothing moves before the next call.
/// </summary>
internal sealed class RunModel
{
    private readonly List<ModelRun> _runs = [];
    private int _lastPlace;

    public IReadOnlyList<ModelRun> Runs => _runs;

    public void Submitted(ModelRun run, bool isManual)
    {
        _runs.Add(run);
        run.Status = RunStatus.Defined;
        if (!isManual)
        {
            Release(run);
        }
    }

    public int Start(ModelRun run)
    {
        if (run.Status != RunStatus.Defined)
        {
            return 409;
        }

        Release(run);
        return 200;
    }

    public int Stop(ModelRun run, bool force)
    {
        switch (run.Status)
        {
            case RunStatus.Defined or RunStatus.WaitingLocks:
                End(run, RunStatus.Aborted);
                return 202;
            case RunStatus.InDoubt or RunStatus.Submitted or RunStatus.Running or RunStatus.Aborting:
                run.Status = RunStatus.Aborting;
                run.IsForced |= force;
                if (run.HasKeys && run.Obeys)
                {
                    End(run, RunStatus.Aborted);
                }

                return 202;
            default:
                return 409;
        }
    }

    /// <summary>An operator's verdict; the job is truly there.</summary>
    public int Resolve(ModelRun run, ResolutionVerdict verdict)
    {
        var isUnknownWhileStopping = run is { Status: RunStatus.Aborting, HasKeys: false };
        if (run.Status != RunStatus.InDoubt && !isUnknownWhileStopping)
        {
            return 409;
        }

        if (verdict == ResolutionVerdict.Failed)
        {
            End(run, RunStatus.Failed);
            return 200;
        }

        if (isUnknownWhileStopping)
        {
            run.HasKeys = true;
            if (verdict == ResolutionVerdict.NotStarted || run.Obeys)
            {
                End(run, RunStatus.Aborted);
            }

            return 200;
        }

        // Adopted, or sent again with the same marker, which the backend knows.
        run.HasKeys = true;
        run.Status = RunStatus.Running;
        return 200;
    }

    /// <summary>The backend can be asked again about a job whose answer was lost.</summary>
    public void Reveal(ModelRun run)
    {
        if (run.Status == RunStatus.InDoubt)
        {
            run.HasKeys = true;
            run.Status = RunStatus.Running;
        }
        else if (run is { Status: RunStatus.Aborting, HasKeys: false })
        {
            run.HasKeys = true;
            if (run.Obeys)
            {
                End(run, RunStatus.Aborted);
            }
        }
    }

    /// <summary>The job moves in the backend.</summary>
    public void Moved(ModelRun run, BackendState state)
    {
        if (state == BackendState.Running)
        {
            run.Status = run.Status == RunStatus.Submitted ? RunStatus.Running : run.Status;
        }
        else
        {
            End(run, state switch
            {
                BackendState.Succeeded => RunStatus.Succeeded,
                BackendState.Failed => RunStatus.Failed,
                _ => RunStatus.Aborted,
            });
        }
    }

    /// <summary>A report by the secret URL.</summary>
    public int Report(ModelRun run, RunStatus status)
    {
        if (run.IsFinal)
        {
            return status == run.Status ? 200 : 409;
        }

        if (!status.IsFinal() && status is not (RunStatus.Running or RunStatus.Submitted))
        {
            return 409;
        }

        // Where the backend can be asked, a report is a hint only. Where it cannot, the report decides.
        if (!run.HasKeys && status.IsFinal())
        {
            End(run, status);
        }

        return 200;
    }

    private void Release(ModelRun run)
    {
        if (run.Lock is null)
        {
            Send(run);
            return;
        }

        run.Status = RunStatus.WaitingLocks;
        run.Place = ++_lastPlace;
        Grant(run.Lock);
    }

    private void Grant(string key)
    {
        while (!_runs.Exists(r => r.Lock == key && r.HoldsLock)
            && _runs.Where(r => r.Lock == key && r.Status == RunStatus.WaitingLocks).MinBy(r => r.Place) is { } next)
        {
            Send(next);
        }
    }

    private void Send(ModelRun run)
    {
        switch (run.Answer)
        {
            case ModelBackend.Answer.Reject:
                run.Status = RunStatus.PendingSubmit;
                End(run, RunStatus.Failed);
                break;
            case ModelBackend.Answer.Lose:
                run.Status = RunStatus.InDoubt;
                break;
            default:
                run.HasKeys = true;
                run.Status = run.Answer == ModelBackend.Answer.Queue ? RunStatus.Submitted : RunStatus.Running;
                break;
        }
    }

    private void End(ModelRun run, RunStatus status)
    {
        run.Status = status;
        if (run.Lock is not null)
        {
            Grant(run.Lock);
        }
    }
}

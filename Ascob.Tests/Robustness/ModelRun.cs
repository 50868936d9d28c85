using Ascob.Core.Runs;

namespace Ascob.Tests.Robustness;

/// <summary>What the model knows of a run.</summary>
internal sealed class ModelRun
{
    public required long Id { get; init; }

    public required ModelBackend.Answer Answer { get; init; }

    public required string? Lock { get; init; }

    public required bool IsStubborn { get; init; }

    public RunStatus Status { get; set; }

    /// <summary>Gets or sets whether the backend's keys are known, so that the run can be polled.</summary>
    public bool HasKeys { get; set; }

    /// <summary>Gets or sets whether a stop by force was asked for, which a stubborn job obeys too.</summary>
    public bool IsForced { get; set; }

    /// <summary>Gets or sets when it began to wait for its lock; smaller is earlier.</summary>
    public int Place { get; set; }

    public bool IsFinal => Status.IsFinal();

    /// <summary>Gets whether the job ends when the backend is asked to stop it.</summary>
    public bool Obeys => IsForced || !IsStubborn;

    /// <summary>Gets whether it holds its lock: from the grant to the end.</summary>
    public bool HoldsLock => Lock is not null && !IsFinal && Status is not (RunStatus.Defined or RunStatus.WaitingLocks);

    public override string ToString() => $"run {Id} ({Answer}{(Lock is null ? string.Empty : ", lock " + Lock)}{(IsStubborn ? ", stubborn" : string.Empty)}) {Status}";
}

using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Output;

namespace Ascob.Tests.Server.Api;

/// <summary>A backend whose jobs never end and have written a lot: byte n of their output is n modulo 251. It counts what is read of it.</summary>
internal sealed class LargeOutputBackend : IBackendAdapter, IBackendType, ISupportStatus, ISupportOutput
{
    public const string Id = "large";
    public const long Length = (3L << 30) + 17;

    private long _bytesRead;
    private int _reads;

    public string BackendId => Id;

    public string Name => "Large";

    public string? InstanceLabel => null;

    public bool ResendIsSafe => false;

    public bool SeparatesStreams => false;

    public long BytesRead => Volatile.Read(ref _bytesRead);

    public int Reads => Volatile.Read(ref _reads);

    public static byte At(long offset) => (byte)(offset % 251);

    public IBackendAdapter Create(BackendContext context) => this;

    public IReadOnlyList<FieldError> Validate(JobSpec spec) => [];

    public Task<SubmitOutcome> SubmitAsync(BackendJob job, CancellationToken cancellationToken) => Task.FromResult(
        SubmitOutcome.Accepted(new Dictionary<string, string>(StringComparer.Ordinal) { ["job"] = job.Marker }, Running(job.Marker)));

    public Task<BackendHealth> CheckHealthAsync(CancellationToken cancellationToken) => Task.FromResult(new BackendHealth(true));

    public Task<IReadOnlyList<BackendReport>> GetStatusesAsync(IReadOnlyList<BackendRunRef> runs, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<BackendReport>>([.. runs.Select(r => Running(r.Marker))]);

    public Task<OutputChunk> ReadOutputAsync(BackendRunRef run, OutputChannel channel, long offset, int maxBytes, CancellationToken cancellationToken)
    {
        var data = new byte[Math.Clamp(Length - offset, 0, maxBytes)];
        for (var i = 0; i < data.Length; i++)
        {
            data[i] = At(offset + i);
        }

        Interlocked.Add(ref _bytesRead, data.Length);
        Interlocked.Increment(ref _reads);
        return Task.FromResult(new OutputChunk(data, offset + data.Length, Complete: false));
    }

    private static BackendReport Running(string marker) => new() { Marker = marker, State = BackendState.Running };
}

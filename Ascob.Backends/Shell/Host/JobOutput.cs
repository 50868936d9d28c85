using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Ascob.Core.Output;

namespace Ascob.Backends.Shell.Host;

/// <summary>Where the two outputs of a job go: masked, each to its own log and both to the combined one, in the order of their arrival. Used by one thread.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "Finish closes all of it.")]
internal sealed class JobOutput(HostJob job)
{
    public const string Combined = "combined";
    public const string Stdout = "stdout";
    public const string Stderr = "stderr";

    private readonly CappedLogWriter _combined = new(job.Directory, Combined, job.OutputLimits);
    private readonly Side _stdout = new(job, Stdout);
    private readonly Side _stderr = new(job, Stderr);
    private int _open = 2;

    public static ReadOnlySpan<byte> CutLine => "\n[ascob: output cut here; a process that the job left behind still held it open]\n"u8;

    public void Append(bool isStderr, ReadOnlySpan<byte> bytes)
    {
        job.NoteOutput();
        _combined.Append((isStderr ? _stderr : _stdout).Take(bytes));
    }

    /// <summary>Ends one side; the files are closed with it.</summary>
    public void Finish(bool isStderr, bool cut)
    {
        var side = isStderr ? _stderr : _stdout;
        _combined.Append(side.Finish());
        if (cut)
        {
            job.NoteOutput();
            side.Log.Append(CutLine);
            _combined.Append(CutLine);
        }

        side.Log.Dispose();
        if (--_open == 0)
        {
            _combined.Dispose();
        }
    }

    private sealed class Side(HostJob job, string name)
    {
        private readonly ArrayBufferWriter<byte> _masked = new();
        private SecretMasker? _masker;

        public CappedLogWriter Log { get; } = new(job.Directory, name, job.OutputLimits);

        public ReadOnlySpan<byte> Take(ReadOnlySpan<byte> bytes)
        {
            // Made at the first byte: most jobs print little or nothing.
            _masker ??= new SecretMasker(job.Masked);
            if (!_masker.IsNeeded)
            {
                Log.Append(bytes);
                return bytes;
            }

            _masked.ResetWrittenCount();
            _masker.Write(bytes, _masked);
            Log.Append(_masked.WrittenSpan);
            return _masked.WrittenSpan;
        }

        public ReadOnlySpan<byte> Finish()
        {
            _masked.ResetWrittenCount();
            _masker?.Finish(_masked);
            Log.Append(_masked.WrittenSpan);
            return _masked.WrittenSpan;
        }
    }
}

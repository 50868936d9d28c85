using System.Globalization;
using Ascob.Core.Errors;
using Ascob.Core.Output;

namespace Ascob.Server.Persistence.Output;

/// <summary>
/// Keeps reported output as <c>output/&lt;thousand&gt;/&lt;run id&gt;.reported/&lt;attempt&gt;.&lt;offset&gt;</c>: the beginning, and pieces of the end of which the oldest are
/// dropped at the limit. The files say all, so a restart forgets nothing.
/// </summary>
internal sealed class ReportedOutput(string dataDirectory, CappedLogLimits limits) : IReportedOutput
{
    private readonly string _root = Path.Combine(dataDirectory, "output");
    private readonly SemaphoreSlim[] _gates = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))];

    /// <summary>Answers where the pieces of a run lie.</summary>
    public static string DirectoryOf(string root, long runId) => Path.Combine(
        root, (runId / 1000).ToString(CultureInfo.InvariantCulture), runId.ToString(CultureInfo.InvariantCulture) + ".reported");

    public async Task<ReportedPiece> AppendAsync(long runId, int attempt, long? offset, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var gate = _gates[runId % _gates.Length];
        await gate.WaitAsync(cancellationToken);
        try
        {
            return Append(DirectoryOf(_root, runId), NameOf(attempt), offset, bytes.Span);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnavailableException("The output cannot be kept now.", e);
        }
        finally
        {
            gate.Release();
        }
    }

    public Task<OutputChunk> ReadAsync(long runId, int attempt, long offset, int maxBytes, CancellationToken cancellationToken)
    {
        var piece = CappedLogReader.Read(DirectoryOf(_root, runId), NameOf(attempt), offset, maxBytes);
        return Task.FromResult(new OutputChunk(piece.Data, piece.NextOffset, Complete: false, piece.Data.Length > 0 ? piece.Dropped : 0));
    }

    public Task<long> LengthAsync(long runId, int attempt, CancellationToken cancellationToken)
    {
        var (directory, name) = (DirectoryOf(_root, runId), NameOf(attempt));
        return Task.FromResult(LengthOf(directory, name, Starts(directory, name)));
    }

    private static long LengthOf(string directory, string name, List<long> starts) =>
        starts.Count == 0 ? 0 : starts[^1] + new FileInfo(PathOf(directory, name, starts[^1])).Length;

    private ReportedPiece Append(string directory, string name, long? offset, ReadOnlySpan<byte> bytes)
    {
        var starts = Starts(directory, name);
        var length = LengthOf(directory, name, starts);
        if (offset > length)
        {
            return new ReportedPiece(length, 0, IsBeyondEnd: true);
        }

        var fresh = bytes[(int)Math.Min(bytes.Length, length - (offset ?? length))..];
        if (fresh.IsEmpty)
        {
            return new ReportedPiece(length, 0);
        }

        Directory.CreateDirectory(directory);
        try
        {
            Write(directory, name, starts, length, fresh);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Half a piece would make the repetition of one without an offset appear twice.
            TakeBack(directory, name, length);
            throw;
        }

        return new ReportedPiece(length + fresh.Length, fresh.Length);
    }

    private void Write(string directory, string name, List<long> starts, long length, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (starts.Count == 0 || length >= EndOf(starts[^1]))
            {
                starts.Add(length);
            }

            var start = starts[^1];
            var piece = bytes[..(int)Math.Min(bytes.Length, EndOf(start) - length)];
            using (var file = File.OpenHandle(PathOf(directory, name, start), FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
            {
                RandomAccess.Write(file, piece, length - start);
            }

            length += piece.Length;
            bytes = bytes[piece.Length..];
        }

        // Only when all of it is there, so that a refused piece costs nothing that was kept.
        foreach (var start in starts.Where(s => s >= limits.HeadBytes && EndOf(s) <= length - limits.TailBytes))
        {
            File.Delete(PathOf(directory, name, start));
        }
    }

    private long EndOf(long start) => start < limits.HeadBytes ? limits.HeadBytes : start + limits.SegmentBytes;

    private static void TakeBack(string directory, string name, long length)
    {
        try
        {
            foreach (var start in Starts(directory, name))
            {
                if (start >= length)
                {
                    File.Delete(PathOf(directory, name, start));
                    continue;
                }

                using var file = File.OpenHandle(PathOf(directory, name, start), FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
                if (start + RandomAccess.GetLength(file) > length)
                {
                    RandomAccess.SetLength(file, length - start);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A disk that refuses this too leaves a part behind; a repetition with its offset goes on after it.
        }
    }

    private static List<long> Starts(string directory, string name) => !Directory.Exists(directory)
        ? []
        : [.. Directory.EnumerateFiles(directory, name + ".*")
            .Select(path => long.Parse(Path.GetExtension(path.AsSpan()).TrimStart('.'), NumberStyles.None, CultureInfo.InvariantCulture))
            .Order()];

    private static string PathOf(string directory, string name, long start) => Path.Combine(directory, CappedLogWriter.FileName(name, start));

    private static string NameOf(int attempt) => attempt.ToString(CultureInfo.InvariantCulture);
}

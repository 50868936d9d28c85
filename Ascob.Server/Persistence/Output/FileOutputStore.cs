using System.Globalization;
using Ascob.Core.Errors;
using Ascob.Core.Output;
using Ascob.Server.Configuration;

namespace Ascob.Server.Persistence.Output;

/// <summary>
/// Keeps the output of ended runs as files: <c>output/&lt;thousand&gt;/&lt;run id&gt;.combined.txt</c>, <c>.stdout.txt</c>, <c>.stderr.txt</c> below the data directory, and
/// <c>&lt;run id&gt;.attempts/&lt;attempt&gt;.combined.txt</c> and so on from the second attempt on; an empty document has no file. A document appears under its name only when it is whole.
/// </summary>
internal sealed class FileOutputStore(string dataDirectory, CappedLogLimits limits) : IOutputStore
{
    private readonly string _root = Path.Combine(dataDirectory, "output");

    public Task<Stream?> OpenAsync(long runId, int attempt, OutputChannel channel, CancellationToken cancellationToken)
    {
        try
        {
            return Task.FromResult<Stream?>(new FileStream(
                DocumentPath(runId, attempt, channel), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 4096, FileOptions.Asynchronous));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return Task.FromResult<Stream?>(null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnavailableException("The kept output cannot be read now.", e);
        }
    }

    public async Task ArchiveAsync(
        long runId,
        int attempt,
        IReadOnlyList<OutputChannel> channels,
        Func<OutputChannel, long, CancellationToken, Task<OutputChunk>> read,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(channels);
        foreach (var channel in channels)
        {
            await ArchiveAsync(runId, attempt, channel, (offset, ct) => read(channel, offset, ct), cancellationToken);
        }
    }

    private async Task ArchiveAsync(
        long runId, int attempt, OutputChannel channel, Func<long, CancellationToken, Task<OutputChunk>> read, CancellationToken cancellationToken)
    {
        var path = DocumentPath(runId, attempt, channel);
        var first = await read(0, cancellationToken);
        try
        {
            if (first is { Complete: true, Dropped: 0, Data.Length: 0 })
            {
                // Quiet jobs are the many, and a folder and its files cost more than all else that ends a run: no document is an empty one.
                DeleteDocument(path);
                return;
            }

            PrivateDirectory.Create(Path.GetDirectoryName(path)!);
            if (first is { Complete: true, Dropped: 0 } && first.Data.Length <= limits.TotalBytes)
            {
                WriteSmall(path, first.Data.Span);
                return;
            }

            await WriteLargeAsync(path, first, read, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnavailableException("The output cannot be kept now.", e);
        }
    }

    public Task DeleteAsync(long runId, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var channel in Enum.GetValues<OutputChannel>())
            {
                DeleteDocument(DocumentPath(runId, 1, channel));
            }

            if (Directory.Exists(LaterAttempts(runId)))
            {
                Directory.Delete(LaterAttempts(runId), recursive: true);
            }

            if (ReportedOutput.DirectoryOf(_root, runId) is var reported && Directory.Exists(reported))
            {
                Directory.Delete(reported, recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnavailableException("The kept output cannot be deleted now.", e);
        }

        return Task.CompletedTask;
    }

    private static void DeleteDocument(string path)
    {
        if (File.Exists(path))
        {
            File.Delete(path);
        }
    }

    private static void WriteSmall(string path, ReadOnlySpan<byte> bytes)
    {
        var temporary = path + ".tmp";
        using (var file = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write))
        {
            RandomAccess.Write(file, bytes, 0);
        }

        File.Move(temporary, path, overwrite: true);
    }

    private async Task WriteLargeAsync(
        string path, OutputChunk chunk, Func<long, CancellationToken, Task<OutputChunk>> read, CancellationToken cancellationToken)
    {
        var temporary = path + ".tmp";
        try
        {
            await CappedDocumentWriter.WriteAsync(temporary, limits, chunk, read, cancellationToken);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    // No folder for each run: making one costs as much as a document. Few runs have a second attempt.
    private string DocumentPath(long runId, int attempt, OutputChannel channel)
    {
        var name = channel switch
        {
            OutputChannel.Combined => ".combined.txt",
            OutputChannel.Stdout => ".stdout.txt",
            OutputChannel.Stderr => ".stderr.txt",
        };
        return attempt <= 1
            ? Path.Combine(Thousand(runId), runId.ToString(CultureInfo.InvariantCulture) + name)
            : Path.Combine(LaterAttempts(runId), attempt.ToString(CultureInfo.InvariantCulture) + name);
    }

    private string LaterAttempts(long runId) => Path.Combine(Thousand(runId), runId.ToString(CultureInfo.InvariantCulture) + ".attempts");

    private string Thousand(long runId) => Path.Combine(_root, (runId / 1000).ToString(CultureInfo.InvariantCulture));
}

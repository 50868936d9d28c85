using System.Security.Cryptography;
using System.Text;
using Ascob.Core.Client;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;
using Ascob.Server.Configuration;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Ascob.Server.Api;

/// <summary>Reads submissions that bring their files along: part <c>request</c> holds the JSON, every other part is a file under its part name.</summary>
internal sealed class MultipartSubmissions(IOptions<LimitsOptions> limits, IOptions<AscobOptions> options)
{
    private const string RequestPart = "request";
    private const string ListPart = "files";
    private const int MostFiles = 100;
    private const int LongestBoundary = 200;

    /// <summary>Reads the form. Files wait in temporary files, which vanish with the answer's disposal (or with the process).</summary>
    public async Task<MultipartSubmission> ReadAsync(HttpContext context)
    {
        var boundary = MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type) && type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase)
            ? HeaderUtilities.RemoveQuotes(type.Boundary).Value
            : null;
        if (string.IsNullOrEmpty(boundary) || boundary.Length > LongestBoundary)
        {
            throw new RequestRefusedException(
                new Error(ErrorKind.Invalid, "request.media_type", "Send application/json, or multipart/form-data with a boundary."), StatusCodes.Status415UnsupportedMediaType);
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = limits.Value.MaxFileBytes + limits.Value.MaxBodyBytes;
        }

        var submission = new MultipartSubmission();
        try
        {
            await ReadPartsAsync(new MultipartReader(boundary, context.Request.Body), submission, context.RequestAborted);
            submission.CheckComplete();
            return submission;
        }
        catch (Exception e) when (e is InvalidDataException or (IOException and not BadHttpRequestException) && !context.RequestAborted.IsCancellationRequested)
        {
            await submission.DisposeAsync();
            throw new RequestRefusedException(Error.Invalid("body", "The multipart form is broken."));
        }
        catch
        {
            await submission.DisposeAsync();
            throw;
        }
    }

    private async Task ReadPartsAsync(MultipartReader reader, MultipartSubmission submission, CancellationToken cancellationToken)
    {
        while (await reader.ReadNextSectionAsync(cancellationToken) is { } part)
        {
            var name = NameOf(part);
            if (string.IsNullOrEmpty(name))
            {
                throw new RequestRefusedException(Error.Invalid("body", "Every part needs a name."));
            }

            if (name == RequestPart)
            {
                using var limited = new MemoryStream();
                await CopyAsync(part.Body, limited, limits.Value.MaxBodyBytes, null, cancellationToken);
                limited.Position = 0;
                submission.TakeSpec(SubmitEndpoints.SpecOf(await RequestBody.DeserializeAsync<SubmitRunRequest>(limited, cancellationToken)));
            }
            else if (submission.Files.Count >= MostFiles || !submission.HasRoomFor(name))
            {
                throw new RequestRefusedException(Error.Invalid(name, $"At most {MostFiles} files, each name once."));
            }
            else
            {
                await TakeFileAsync(name, part.Body, submission, cancellationToken);
            }
        }
    }

    // Forms name each part for its file; clients that send a list call every part "files" and tell the names as file names.
    private static string? NameOf(MultipartSection part)
    {
        if (!ContentDispositionHeaderValue.TryParse(part.ContentDisposition, out var disposition))
        {
            return null;
        }

        var name = HeaderUtilities.RemoveQuotes(disposition.Name).Value;
        var fileName = HeaderUtilities.RemoveQuotes(disposition.FileNameStar.HasValue ? disposition.FileNameStar : disposition.FileName).Value;
        return name == ListPart && !string.IsNullOrEmpty(fileName) ? fileName : name;
    }

    private async Task TakeFileAsync(string name, Stream body, MultipartSubmission submission, CancellationToken cancellationToken)
    {
        var directory = Path.Combine(options.Value.AbsoluteDataDirectory, "incoming");
        Directory.CreateDirectory(directory);
        var file = new FileStream(
            Path.Combine(directory, Path.GetRandomFileName()),
            new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.ReadWrite,
                Options = FileOptions.DeleteOnClose | FileOptions.Asynchronous,
                BufferSize = 0,
            });
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        submission.Own(file);
        await CopyAsync(body, file, limits.Value.MaxFileBytes, hash, cancellationToken);
        file.Position = 0;
        submission.TakeFile(new SubmittedFile(name, file), Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    private static async Task CopyAsync(Stream from, Stream to, long most, IncrementalHash? hash, CancellationToken cancellationToken)
    {
        var buffer = new byte[81920];
        long total = 0;
        int read;
        while ((read = await from.ReadAsync(buffer, cancellationToken)) > 0)
        {
            total += read;
            if (total > most)
            {
                throw new BadHttpRequestException("A part is over its limit.", StatusCodes.Status413PayloadTooLarge);
            }

            hash?.AppendData(buffer, 0, read);
            await to.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
    }
}

/// <summary>A submission with its files.</summary>
internal sealed class MultipartSubmission : IAsyncDisposable
{
    private readonly List<Stream> _streams = [];
    private readonly List<SubmittedFile> _files = [];
    private readonly SortedDictionary<string, string> _hashes = new(StringComparer.Ordinal);
    private JobSpec? _spec;

    public JobSpec Spec => _spec!;

    public IReadOnlyList<SubmittedFile> Files => _files;

    public bool HasRoomFor(string name) => !_hashes.ContainsKey(name);

    public void Own(Stream stream) => _streams.Add(stream);

    public void TakeSpec(JobSpec spec) =>
        _spec = _spec is null ? spec : throw new RequestRefusedException(Error.Invalid("request", "Given more than once."));

    public void TakeFile(SubmittedFile file, string hash)
    {
        _files.Add(file);
        _hashes.Add(file.Name, hash);
    }

    public void CheckComplete()
    {
        if (_spec is null)
        {
            throw new RequestRefusedException(Error.Invalid("request", "The part with the job is missing."));
        }
    }

    /// <summary>Hashes the job with the names and contents of its files.</summary>
    public string Hash()
    {
        var text = new StringBuilder(SubmitEndpoints.HashOf(Spec));
        foreach (var (name, hash) in _hashes)
        {
            text.Append('\n').Append(hash).Append(' ').Append(name);
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var stream in _streams)
        {
            await stream.DisposeAsync();
        }
    }
}

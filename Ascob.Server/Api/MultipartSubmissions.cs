using System.Security.Cryptography;
using System.Text;
using Ascob.Core.Client;
using Ascob.Core.Errors;
using Ascob.Core.Files;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;
using Ascob.Server.Configuration;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Ascob.Server.Api;

/// <summary>Reads submissions that bring their files along: part <c>request</c> holds the JSON, every other part is a file under its part name.</summary>
internal sealed class MultipartSubmissions(JobService jobs, IOptions<LimitsOptions> limits)
{
    private const string RequestPart = "request";
    private const string ListPart = "files";
    private const int MostFiles = 100;
    private const int LongestBoundary = 200;

    /// <summary>Reads the form. Files are staged as they come; those of a form that is refused are cleared away.</summary>
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

        var submission = new MultipartSubmission(jobs);
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
                await using var text = await ReadJobAsync(part.Body, cancellationToken);
                submission.TakeSpec(SubmitEndpoints.SpecOf(await RequestBody.DeserializeAsync<SubmitRunRequest>(text, cancellationToken)));
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
        if (RunFileNames.Problem(name) is { } problem)
        {
            throw new RequestRefusedException(Error.Invalid("files", problem));
        }

        var staged = await jobs.StageFileAsync(name, body, cancellationToken);
        if (!staged.IsSuccess)
        {
            throw new BadHttpRequestException(staged.Error.Message, StatusCodes.Status413PayloadTooLarge);
        }

        submission.TakeFile(staged.Value);
    }

    private async Task<MemoryStream> ReadJobAsync(Stream body, CancellationToken cancellationToken)
    {
        var text = new MemoryStream();
        var buffer = new byte[16384];
        int read;
        while ((read = await body.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (text.Length + read > limits.Value.MaxBodyBytes)
            {
                throw new BadHttpRequestException("The job is over its limit.", StatusCodes.Status413PayloadTooLarge);
            }

            text.Write(buffer, 0, read);
        }

        text.Position = 0;
        return text;
    }
}

/// <summary>A submission with its staged files. Disposed, it clears away those that no run was stored with.</summary>
internal sealed class MultipartSubmission(JobService jobs) : IAsyncDisposable
{
    private readonly SortedDictionary<string, StagedFile> _files = new(StringComparer.Ordinal);
    private JobSpec? _spec;

    public JobSpec Spec => _spec!;

    public IReadOnlyList<StagedFile> Files => [.. _files.Values];

    public bool HasRoomFor(string name) => !_files.ContainsKey(name);

    public void TakeSpec(JobSpec spec) =>
        _spec = _spec is null ? spec : throw new RequestRefusedException(Error.Invalid("request", "Given more than once."));

    public void TakeFile(StagedFile file) => _files.Add(file.Name, file);

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
        foreach (var file in _files.Values)
        {
            text.Append('\n').Append(file.Sha256).Append(' ').Append(file.Name);
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => new(jobs.DiscardFilesAsync(_files.Values));
}

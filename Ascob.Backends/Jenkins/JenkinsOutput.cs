using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Ascob.Core.Backends;
using Ascob.Core.Output;

namespace Ascob.Backends.Jenkins;

/// <summary>
/// Reads the log of a build. Offsets count what people read, which is less than Jenkins' file holds (notes) and less than it sends (line ends); so a reader may come with any offset, and gets the same bytes at it
/// from every server.
/// </summary>
internal sealed class JenkinsOutput(JenkinsClient client, JenkinsSearch search, TimeProvider time, TimeSpan timeout)
{
    private const string SizeHeader = "X-Text-Size";
    private const string MoreHeader = "X-More-Data";
    private const int MostLogs = 256;
    private const int BetweenPlaces = 128 * 1024;
    private const int LongestProof = 64;
    private const int ShortestProof = 16;

    private readonly ConcurrentDictionary<string, JenkinsLogPlaces> _logs = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _builds = new(StringComparer.Ordinal);

    /// <exception cref="HttpRequestException">The log cannot be read now.</exception>
    public async Task<OutputChunk> ReadAsync(BackendRunRef run, long offset, int maxBytes, CancellationToken cancellationToken)
    {
        if (JenkinsProject.Of(run.Keys) is not { } project)
        {
            return new OutputChunk(ReadOnlyMemory<byte>.Empty, offset, true);
        }

        using var limit = new CancellationTokenSource(timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            var place = await BuildOfAsync(run, project, both.Token).ConfigureAwait(false);
            return place.Where switch
            {
                JenkinsWhere.Build => await ReadBuildAsync(project, place.Build, offset, maxBytes, both.Token).ConfigureAwait(false),
                JenkinsWhere.Waiting => new OutputChunk(ReadOnlyMemory<byte>.Empty, offset, false),
                JenkinsWhere.Unclear => throw new HttpRequestException($"The log of the Jenkins build cannot be read now: {place.Fault?.Reason}."),
                _ => new OutputChunk(ReadOnlyMemory<byte>.Empty, offset, true),
            };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException("The log of the Jenkins build did not come in time.");
        }
        catch (IOException e)
        {
            throw new HttpRequestException("The log of the Jenkins build broke off.", e);
        }
    }

    // The keys of a run may be older than its build.
    private async Task<JenkinsPlace> BuildOfAsync(BackendRunRef run, JenkinsProject project, CancellationToken cancellationToken)
    {
        if (_builds.TryGetValue(run.Marker, out var known))
        {
            return new JenkinsPlace(JenkinsWhere.Build, known);
        }

        var place = await search.LocateAsync(run, project, cancellationToken).ConfigureAwait(false);
        if (place.Where == JenkinsWhere.Build)
        {
            Room(_builds)[run.Marker] = place.Build;
        }

        return place;
    }

    private async Task<OutputChunk> ReadBuildAsync(JenkinsProject project, long build, long offset, int maxBytes, CancellationToken cancellationToken)
    {
        var places = Room(_logs).GetOrAdd($"{project.FullName}#{JenkinsKeys.Text(build)}", static _ => new JenkinsLogPlaces());
        while (true)
        {
            var from = places.Before(offset);
            var proof = from.Before ?? [];
            using var answer = await client.LogAsync(project, build, from.Raw - RawLength(proof), cancellationToken).ConfigureAwait(false);
            if (answer.StatusCode != HttpStatusCode.OK)
            {
                var fault = await client.BelievedAsync(client.FaultOf(answer), cancellationToken).ConfigureAwait(false);
                return fault.IsMissing ? new OutputChunk(ReadOnlyMemory<byte>.Empty, offset, true) : throw new HttpRequestException($"The log of the Jenkins build cannot be read now: {fault.Reason}.");
            }

            if (SizeOf(answer) is not { } size)
            {
                throw new HttpRequestException("The log of the Jenkins build cannot be read now: the backend answered something else.");
            }

            // A log that has been replaced by a shorter one is sent from its start, whatever was asked for.
            if (!places.IsSameAt(size) && from.Clean > 0)
            {
                continue;
            }

            var body = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            if (proof.Length > 0 && !await ComesAgainAsync(body, proof, cancellationToken).ConfigureAwait(false))
            {
                places.Distrust();
                continue;
            }

            return await ReadBodyAsync(body, new Wanted(places, from, offset, maxBytes, size, answer.Headers.Contains(MoreHeader)), cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<OutputChunk> ReadBodyAsync(Stream body, Wanted wanted, CancellationToken cancellationToken)
    {
        var cleaner = new JenkinsLogCleaner(wanted.From.State);
        var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        var clean = new ArrayBufferWriter<byte>();
        var data = new ArrayBufferWriter<byte>();
        try
        {
            long at = wanted.From.Clean, wire = 0, lastPlace = wanted.From.Clean;
            int count;
            while ((count = await body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
            {
                for (var i = 0; i < count; i++)
                {
                    cleaner.Take(buffer[i], clean);
                    if (buffer[i] != '\n' || at + clean.WrittenCount - lastPlace < BetweenPlaces || !cleaner.State.IsPlain)
                    {
                        continue;
                    }

                    lastPlace = at + clean.WrittenCount;
                    AddWorkedOut(wanted, lastPlace, wire + i + 1 - cleaner.Pairs, buffer.AsSpan(0, i + 1));
                }

                wire += count;
                at = Keep(clean, data, at, wanted);
                if (data.WrittenCount >= wanted.MaxBytes)
                {
                    return new OutputChunk(data.WrittenMemory[..wanted.MaxBytes].ToArray(), wanted.Offset + wanted.MaxBytes, false);
                }
            }

            wanted.Places.Add(new JenkinsLogPlace(at, wanted.Size, cleaner.State, null));
            if (!wanted.HasMore)
            {
                cleaner.Finish(clean);
                Keep(clean, data, at, wanted);
            }

            var length = Math.Min(data.WrittenCount, wanted.MaxBytes);
            return new OutputChunk(data.WrittenMemory[..length].ToArray(), wanted.Offset + length, !wanted.HasMore && length == data.WrittenCount);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // Moves what is wanted over, and answers how far the log has been read.
    private static long Keep(ArrayBufferWriter<byte> clean, ArrayBufferWriter<byte> data, long at, Wanted wanted)
    {
        var end = at + clean.WrittenCount;
        var from = Math.Max(wanted.Offset, at);
        if (from < end)
        {
            data.Write(clean.WrittenSpan[(int)(from - at)..]);
        }

        clean.ResetWrittenCount();
        return end;
    }

    private static void AddWorkedOut(Wanted wanted, long clean, long raw, ReadOnlySpan<byte> wireBefore)
    {
        if (!wanted.Places.CanWorkOut)
        {
            return;
        }

        // The proof begins with a whole line end and a whole character, or it could not come again as it is.
        var proof = wireBefore[^Math.Min(LongestProof, wireBefore.Length)..];
        while (!proof.IsEmpty && (proof[0] == '\n' || (proof[0] & 0xC0) == 0x80))
        {
            proof = proof[1..];
        }

        if (proof.Length >= ShortestProof)
        {
            wanted.Places.Add(new JenkinsLogPlace(clean, wanted.From.Raw + raw, default, proof.ToArray()));
        }
    }

    private static async Task<bool> ComesAgainAsync(Stream body, byte[] proof, CancellationToken cancellationToken)
    {
        var seen = new byte[proof.Length];
        return await body.ReadAtLeastAsync(seen, seen.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false) == seen.Length && seen.AsSpan().SequenceEqual(proof);
    }

    // How long that is in Jenkins' file.
    private static int RawLength(ReadOnlySpan<byte> wire) => wire.Length - wire.Count("\r\n"u8);

    private static long? SizeOf(HttpResponseMessage answer) =>
        answer.Headers.TryGetValues(SizeHeader, out var values) && long.TryParse(values.First(), NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : null;

    private static ConcurrentDictionary<string, T> Room<T>(ConcurrentDictionary<string, T> kept)
    {
        if (kept.Count >= MostLogs)
        {
            kept.Clear();
        }

        return kept;
    }

    private readonly record struct Wanted(JenkinsLogPlaces Places, JenkinsLogPlace From, long Offset, int MaxBytes, long Size, bool HasMore);
}

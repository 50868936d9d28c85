using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;

namespace Ascob.Backends.Shell;

/// <summary>
/// Replaces secret values in a stream by <c>***</c>, also where a value is split over several pieces of it: bytes that may be the beginning of a value are held
/// back until more is known. A value is found as it is, line by line, and in base64 (at any alignment), hexadecimal, URL and JSON encoding. A value shorter than
/// <see cref="ShortestMasked"/> bytes is not masked: it would blank out half the output and hide nothing. A net, not a wall: a job that reverses its secret
/// before printing it gets through.
/// </summary>
internal sealed class SecretMasker
{
    public const int ShortestMasked = 4;

    private readonly byte[][]?[] _byFirst = new byte[][]?[256];
    private readonly SearchValues<byte> _firsts;
    private byte[] _held = [];

    public SecretMasker(IEnumerable<string> secrets)
    {
        var patterns = secrets.SelectMany(Forms).Where(p => p.Length >= ShortestMasked).DistinctBy(Convert.ToHexString).ToList();
        foreach (var group in patterns.GroupBy(p => p[0]))
        {
            _byFirst[group.Key] = [.. group.OrderByDescending(p => p.Length)];
        }

        _firsts = SearchValues.Create(patterns.Select(p => p[0]).Distinct().ToArray());
        IsNeeded = patterns.Count > 0;
    }

    /// <summary>Gets whether there is anything to mask.</summary>
    public bool IsNeeded { get; }

    private static ReadOnlySpan<byte> Mask => "***"u8;

    /// <summary>Takes a piece of the stream and writes what may go on.</summary>
    public void Write(ReadOnlySpan<byte> piece, IBufferWriter<byte> output) => Run(piece, output, atEnd: false);

    /// <summary>Writes what was held back: the stream has ended.</summary>
    public void Finish(IBufferWriter<byte> output) => Run([], output, atEnd: true);

    private static IEnumerable<byte[]> Forms(string secret)
    {
        var lines = secret.Split('\n').Select(l => l.TrimEnd('\r')).Where(l => Encoding.UTF8.GetByteCount(l) >= ShortestMasked);
        foreach (var value in lines.Prepend(secret).Distinct())
        {
            var bytes = Encoding.UTF8.GetBytes(value);
            if (bytes.Length < ShortestMasked)
            {
                continue;
            }

            yield return bytes;
            foreach (var form in Encodings(value, bytes))
            {
                yield return form;
            }
        }
    }

    private static IEnumerable<byte[]> Encodings(string value, byte[] bytes)
    {
        var json = JavaScriptEncoder.Default.Encode(value);
        var texts = new List<string>
        {
            Uri.EscapeDataString(value),
            Uri.EscapeDataString(value).Replace("%20", "+", StringComparison.Ordinal),
            System.Net.WebUtility.UrlEncode(value),
            json,
            JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(value),
            json.Replace("\\u0022", "\\\"", StringComparison.Ordinal),
            Convert.ToHexString(bytes),
            Convert.ToHexStringLower(bytes),
        };
        var base64 = new List<string> { Convert.ToBase64String(bytes) };
        for (var shift = 0; shift < 3; shift++)
        {
            // The characters that a neighbour outside the value shares in are left out; what is between is the same wherever the value stands.
            var inner = Convert.ToBase64String([.. new byte[shift], .. bytes]).TrimEnd('=');
            var from = (shift * 8 + 5) / 6;
            var to = (shift + bytes.Length) * 8 / 6;
            base64.Add(inner[from..to]);
        }

        return texts.Concat(base64).Concat(base64.Select(t => t.Replace('+', '-').Replace('/', '_'))).Select(Encoding.UTF8.GetBytes);
    }

    private void Run(ReadOnlySpan<byte> piece, IBufferWriter<byte> output, bool atEnd)
    {
        ReadOnlySpan<byte> data = _held.Length == 0 ? piece : [.. _held, .. piece];
        while (true)
        {
            var candidate = data.IndexOfAny(_firsts);
            if (candidate < 0)
            {
                output.Write(data);
                _held = [];
                return;
            }

            output.Write(data[..candidate]);
            data = data[candidate..];
            if (!TryMatch(data, atEnd, out var length))
            {
                _held = data.ToArray();
                return;
            }

            output.Write(length > 0 ? Mask : data[..1]);
            data = data[Math.Max(length, 1)..];
        }
    }

    // False when only more data can tell. The longest value wins, so a shorter one is not taken while a longer one may still come.
    private bool TryMatch(ReadOnlySpan<byte> data, bool atEnd, out int length)
    {
        length = 0;
        foreach (var pattern in _byFirst[data[0]]!)
        {
            if (data.StartsWith(pattern))
            {
                length = pattern.Length;
                return true;
            }

            if (!atEnd && data.Length < pattern.Length && pattern.AsSpan().StartsWith(data))
            {
                return false;
            }
        }

        return true;
    }
}

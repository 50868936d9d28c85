using System.Globalization;

namespace Ascob.Core.Output;

/// <summary>Reads what a <see cref="CappedLogWriter"/> keeps, also while it writes and deletes.</summary>
public static class CappedLogReader
{
    /// <summary>Reads on from an offset of the whole stream. Bytes that are gone are skipped and counted.</summary>
    /// <param name="directory">Where the log lies; it may be missing.</param>
    /// <param name="name">The name of the log.</param>
    /// <param name="offset">Where to start.</param>
    /// <param name="maxBytes">The most bytes to answer.</param>
    public static CappedLogPiece Read(string directory, string name, long offset, int maxBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxBytes);
        while (true)
        {
            var starts = Starts(directory, name);
            if (TryRead(directory, name, starts, offset, maxBytes, out var piece))
            {
                return piece;
            }
        }
    }

    private static List<long> Starts(string directory, string name)
    {
        var starts = new List<long>();
        try
        {
            foreach (var path in Directory.EnumerateFiles(directory, name + ".*"))
            {
                if (long.TryParse(Path.GetExtension(path.AsSpan()).TrimStart('.'), NumberStyles.None, CultureInfo.InvariantCulture, out var start))
                {
                    starts.Add(start);
                }
            }
        }
        catch (DirectoryNotFoundException)
        {
            return starts;
        }

        starts.Sort();
        return starts;
    }

    // False when a file went away between the look at the directory and its opening: then the directory has changed and is looked at again.
    private static bool TryRead(string directory, string name, List<long> starts, long offset, int maxBytes, out CappedLogPiece piece)
    {
        piece = new CappedLogPiece(ReadOnlyMemory<byte>.Empty, offset, 0, AtEnd: true);
        var first = starts.FindLastIndex(start => start <= offset);
        for (var i = Math.Max(first, 0); i < starts.Count; i++)
        {
            var start = starts[i];
            var from = Math.Max(start, offset);
            var isLast = i == starts.Count - 1;
            try
            {
                using var file = File.OpenHandle(
                    Path.Combine(directory, CappedLogWriter.FileName(name, start)), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                var length = RandomAccess.GetLength(file);
                if (from >= start + length)
                {
                    continue;
                }

                var buffer = new byte[(int)Math.Min(maxBytes, start + length - from)];
                var read = RandomAccess.Read(file, buffer, from - start);
                piece = new CappedLogPiece(buffer.AsMemory(0, read), from + read, from - offset, isLast && from + read >= start + length);
                return true;
            }
            catch (FileNotFoundException)
            {
                return false;
            }
            catch (DirectoryNotFoundException)
            {
                return true;
            }
        }

        return true;
    }
}

/// <summary>A piece of a capped log.</summary>
/// <param name="Data">The bytes; empty at the end.</param>
/// <param name="NextOffset">Where the next piece starts.</param>
/// <param name="Dropped">How many bytes before <paramref name="Data"/> are gone.</param>
/// <param name="AtEnd">Nothing more was there at the time of reading.</param>
public sealed record CappedLogPiece(ReadOnlyMemory<byte> Data, long NextOffset, long Dropped, bool AtEnd);

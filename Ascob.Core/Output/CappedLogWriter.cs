using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Ascob.Core.Output;

/// <summary>
/// Writes a stream of any length into a bounded number of bytes on disk: one file for the beginning, and files for the end of which the oldest is deleted when
/// the limit is reached. The name of a file carries the offset at which it starts, so a reader needs nothing else. No file exists before the first byte.
/// One writer at a time.
/// </summary>
public sealed class CappedLogWriter(string directory, string name, CappedLogLimits limits) : IDisposable
{
    private readonly Queue<(long Start, long Length)> _tail = new();
    private SafeFileHandle? _file;
    private long _fileStart;
    private long _tailBytes;
    private bool _inTail;

    /// <summary>Gets how many bytes have come, kept or not.</summary>
    public long Length { get; private set; }

    /// <summary>Gets how many bytes could not be written because the disk refused them.</summary>
    public long Refused { get; private set; }

    /// <summary>Answers the name of the file that starts at an offset.</summary>
    public static string FileName(string name, long start) => string.Create(CultureInfo.InvariantCulture, $"{name}.{start}");

    /// <summary>Appends bytes. A full disk does not throw: the bytes count as missing and writing goes on when there is room again.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_file is null || Room() == 0)
            {
                NextFile();
            }

            var piece = bytes[..(int)Math.Min(bytes.Length, Room())];
            Write(piece);
            bytes = bytes[piece.Length..];
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
    }

    private long Room() => (_inTail ? _fileStart + limits.SegmentBytes : limits.HeadBytes) - Length;

    private void Write(ReadOnlySpan<byte> piece)
    {
        try
        {
            _file ??= File.OpenHandle(Path.Combine(directory, FileName(name, _fileStart)), FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            RandomAccess.Write(_file, piece, Length - _fileStart);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Refused += piece.Length;
            CloseFile(Length);
            Length += piece.Length;
            _fileStart = Length;
            return;
        }

        Length += piece.Length;
    }

    private void NextFile()
    {
        CloseFile(Length);
        _fileStart = Length;
        _inTail = Length >= limits.HeadBytes;
        while (_inTail && _tail.Count > 0 && _tailBytes + limits.SegmentBytes > limits.TailBytes)
        {
            var (start, length) = _tail.Dequeue();
            _tailBytes -= length;
            Delete(start);
        }
    }

    private void CloseFile(long end)
    {
        if (_file is null)
        {
            return;
        }

        _file.Dispose();
        _file = null;
        if (_inTail)
        {
            _tail.Enqueue((_fileStart, end - _fileStart));
            _tailBytes += end - _fileStart;
        }
    }

    private void Delete(long start)
    {
        try
        {
            File.Delete(Path.Combine(directory, FileName(name, start)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It stays behind until the whole directory goes; the stream must not stop for it.
        }
    }
}

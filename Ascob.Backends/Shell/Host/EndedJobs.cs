using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Ascob.Backends.Shell.Link;
using Ascob.Core.Timing;
using Microsoft.Win32.SafeHandles;

namespace Ascob.Backends.Shell.Host;

/// <summary>
/// The jobs whose directories are gone, so that a submission that comes late is answered with what became of them instead of starting them again. On disk one small record each,
/// in two files that take turns: whenever the newer is full it becomes the older. So at least the last 100,000 are known, and those of a day unless they are more than four times as many.
/// </summary>
internal sealed class EndedJobs : IDisposable
{
    private const string NewerName = "ended";
    private const string OlderName = "ended.old";
    private const int RecordBytes = 64;
    private static readonly TimeSpan KeptFor = TimeSpan.FromHours(24);

    private readonly string _root;
    private readonly MonotonicClock _clock;
    private readonly int _atLeast;
    private readonly Lock _gate = new();
    private HashSet<UInt128> _newer = [];
    private HashSet<UInt128> _older = [];
    private SafeFileHandle? _file;
    private long _length;
    private byte[] _unwritten = [];
    private long _firstAt;

    public EndedJobs(string root, MonotonicClock clock, int atLeast = 100_000)
    {
        _root = root;
        _clock = clock;
        _atLeast = atLeast;
    }

    /// <summary>Reads what earlier hosts have written; once the directory is this host's alone.</summary>
    public void Open()
    {
        _older = Load(OlderName, out _, out _);
        _newer = Load(NewerName, out _length, out _firstAt);
    }

    /// <summary>Takes a job whose directory is about to go. Of one that was never started it is known from now on that it must not be.</summary>
    public void Add(JobReport report)
    {
        var key = KeyOf(report.Marker);
        lock (_gate)
        {
            if (_newer.Contains(key) || _older.Contains(key))
            {
                return;
            }

            TurnOver();
            var now = _clock.Now.ToUnixTimeMilliseconds();
            _firstAt = _newer.Count == 0 ? now : _firstAt;
            _newer.Add(key);
            _unwritten = [.. _unwritten, .. ToRecord(key, now, report)];
            TryWrite();
        }
    }

    /// <summary>Answers what became of a job whose directory is gone; null where that is not known of any such.</summary>
    public JobReport? Find(string marker)
    {
        var key = KeyOf(marker);
        lock (_gate)
        {
            return _newer.Contains(key) ? Read(marker, key, NewerName) : _older.Contains(key) ? Read(marker, key, OlderName) : null;
        }
    }

    public void Dispose() => _file?.Dispose();

    private static UInt128 KeyOf(string marker) => BinaryPrimitives.ReadUInt128LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(marker)));

    private static byte[] ToRecord(UInt128 key, long now, JobReport report)
    {
        var record = new byte[RecordBytes];
        BinaryPrimitives.WriteUInt128LittleEndian(record, key);
        BinaryPrimitives.WriteInt64LittleEndian(record.AsSpan(16), now);
        BinaryPrimitives.WriteInt64LittleEndian(record.AsSpan(24), report.StartTime);
        BinaryPrimitives.WriteInt64LittleEndian(record.AsSpan(32), report.StartedAtMilliseconds);
        BinaryPrimitives.WriteInt64LittleEndian(record.AsSpan(40), report.EndedAtMilliseconds);
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(48), report.Pid);
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(52), report.Signal ?? report.ExitCode ?? 0);
        record[56] = (byte)report.State;
        record[57] = (byte)(report.Signal is not null ? 2 : report.ExitCode is not null ? 1 : 0);
        record[58] = (byte)((report.Stopped ? 1 : 0) | (report.TimedOut ? 2 : 0) | (report.OutputCut ? 4 : 0) | (report.Quiet ? 8 : 0));
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(60), (int)Math.Min(report.MaxMemoryKb, int.MaxValue));
        return record;
    }

    private static JobReport FromRecord(string marker, ReadOnlySpan<byte> record)
    {
        var code = BinaryPrimitives.ReadInt32LittleEndian(record[52..]);
        return new JobReport(marker, (HostJobState)record[56])
        {
            Pid = BinaryPrimitives.ReadInt32LittleEndian(record[48..]),
            StartTime = BinaryPrimitives.ReadInt64LittleEndian(record[24..]),
            StartedAtMilliseconds = BinaryPrimitives.ReadInt64LittleEndian(record[32..]),
            EndedAtMilliseconds = BinaryPrimitives.ReadInt64LittleEndian(record[40..]),
            ExitCode = record[57] == 1 ? code : null,
            Signal = record[57] == 2 ? code : null,
            Stopped = (record[58] & 1) != 0,
            TimedOut = (record[58] & 2) != 0,
            OutputCut = (record[58] & 4) != 0,
            Quiet = (record[58] & 8) != 0,
            MaxMemoryKb = BinaryPrimitives.ReadInt32LittleEndian(record[60..]),
        };
    }

    private HashSet<UInt128> Load(string name, out long length, out long firstAt)
    {
        var bytes = ReadAll(name);

        // What a killed host left half written at the end is overwritten.
        length = bytes.Length / RecordBytes * RecordBytes;
        firstAt = length > 0 ? BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(16)) : 0;
        var keys = new HashSet<UInt128>((int)(length / RecordBytes));
        for (var at = 0; at < length; at += RecordBytes)
        {
            keys.Add(BinaryPrimitives.ReadUInt128LittleEndian(bytes.AsSpan(at)));
        }

        return keys;
    }

    private byte[] ReadAll(string name)
    {
        var path = Path.Combine(_root, name);
        return File.Exists(path) ? File.ReadAllBytes(path) : [];
    }

    // A late submission is rare enough to look through the file for it.
    private JobReport Read(string marker, UInt128 key, string name)
    {
        byte[] bytes;
        try
        {
            bytes = name == NewerName ? [.. ReadAll(name), .. _unwritten] : ReadAll(name);
        }
        catch (Exception e) when (StubbornTree.IsRefusal(e))
        {
            bytes = _unwritten;
        }

        for (var at = 0; at + RecordBytes <= bytes.Length; at += RecordBytes)
        {
            if (BinaryPrimitives.ReadUInt128LittleEndian(bytes.AsSpan(at)) == key)
            {
                return FromRecord(marker, bytes.AsSpan(at, RecordBytes));
            }
        }

        // Known, but the record cannot be read any more: it had its turn, and how it ended nobody can tell.
        return new JobReport(marker, HostJobState.Lost);
    }

    private void TurnOver()
    {
        var isOld = _clock.Now - DateTimeOffset.FromUnixTimeMilliseconds(_firstAt) >= KeptFor;
        if (_newer.Count < _atLeast || (!isOld && _newer.Count < 4 * _atLeast) || _unwritten.Length > 0)
        {
            return;
        }

        try
        {
            _file?.Dispose();
            _file = null;
            File.Move(Path.Combine(_root, NewerName), Path.Combine(_root, OlderName), overwrite: true);
            (_older, _newer, _length) = (_newer, [], 0);
        }
        catch (Exception e) when (StubbornTree.IsRefusal(e))
        {
            // Tried again with the next one.
        }
    }

    // A full disk must not keep directories from being removed, which is what makes room: the records wait in memory.
    private void TryWrite()
    {
        try
        {
            _file ??= File.OpenHandle(Path.Combine(_root, NewerName), FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            RandomAccess.Write(_file, _unwritten, _length);
            _length += _unwritten.Length;
            _unwritten = [];
        }
        catch (Exception e) when (StubbornTree.IsRefusal(e))
        {
            // Tried again with the next one.
        }
    }
}

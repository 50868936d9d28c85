using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace Ascob.Backends.Shell.Link;

/// <summary>
/// The address of the host of one directory. A socket's path may be 107 bytes long and a data directory may be deeper, so a long one is reached through an open
/// directory descriptor.
/// </summary>
internal sealed class HostSocket : IDisposable
{
    private const int MaxPathBytes = 100;
    private const string FileName = "host.sock";

    private readonly SafeFileHandle? _directory;

    private HostSocket(string path, SafeFileHandle? directory)
    {
        Path = path;
        _directory = directory;
    }

    /// <summary>Gets the path as it can be bound and connected to, while this object lives.</summary>
    public string Path { get; }

    /// <summary>Gets the address.</summary>
    public UnixDomainSocketEndPoint EndPoint => new(Path);

    public static HostSocket In(string directory)
    {
        var path = System.IO.Path.Combine(directory, FileName);
        if (System.Text.Encoding.UTF8.GetByteCount(path) <= MaxPathBytes)
        {
            return new HostSocket(path, null);
        }

        var handle = Native.DirectoryHandle.Open(directory);
        return new HostSocket($"/proc/self/fd/{handle.DangerousGetHandle()}/{FileName}", handle);
    }

    public static Socket NewSocket() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public void Dispose() => _directory?.Dispose();
}

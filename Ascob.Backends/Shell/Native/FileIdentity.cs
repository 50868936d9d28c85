using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Ascob.Backends.Shell.Native;

/// <summary>Which file a path names: a copy of a directory is another one, a renamed directory is not.</summary>
internal readonly record struct FileIdentity(uint DeviceMajor, uint DeviceMinor, ulong Inode)
{
    /// <summary>The bytes that <see cref="Write"/> takes.</summary>
    public const int Bytes = 16;

    private const int CurrentDirectory = -100;
    private const uint WantsInode = 0x100;
    private const int ResultBytes = 256;
    private const int InodeAt = 32;
    private const int DeviceAt = 136;

    public static unsafe FileIdentity Of(string path)
    {
        var name = Encoding.UTF8.GetBytes(path + '\0');
        var result = stackalloc byte[ResultBytes];
        fixed (byte* pointer = name)
        {
            if (Libc.StatX(CurrentDirectory, pointer, 0, WantsInode, result) != 0)
            {
                throw new IOException($"'{path}' cannot be looked at: {Marshal.GetLastPInvokeErrorMessage()}.");
            }
        }

        return new FileIdentity(
            *(uint*)(result + DeviceAt),
            *(uint*)(result + DeviceAt + sizeof(uint)),
            *(ulong*)(result + InodeAt));
    }

    public void Write(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(target, DeviceMajor);
        BinaryPrimitives.WriteUInt32LittleEndian(target[sizeof(uint)..], DeviceMinor);
        BinaryPrimitives.WriteUInt64LittleEndian(target[(2 * sizeof(uint))..], Inode);
    }
}

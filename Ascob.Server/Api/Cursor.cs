using System.Buffers.Binary;
using System.Buffers.Text;
using System.Numerics;

namespace Ascob.Server.Api;

/// <summary>The opaque place of a page in a list of runs: the id with a check sum, so that made-up ones are refused instead of guessed.</summary>
internal static class Cursor
{
    private const int Length = sizeof(long) + sizeof(uint);

    public static string Write(long beforeId)
    {
        Span<byte> bytes = stackalloc byte[Length];
        BinaryPrimitives.WriteInt64BigEndian(bytes, beforeId);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[sizeof(long)..], CheckSum(beforeId));
        return Base64Url.EncodeToString(bytes);
    }

    public static bool TryRead(string cursor, out long beforeId)
    {
        Span<byte> bytes = stackalloc byte[Length];
        beforeId = 0;
        if (cursor.Length != 16 || !Base64Url.IsValid(cursor, out var length) || length != Length || !Base64Url.TryDecodeFromChars(cursor, bytes, out _))
        {
            return false;
        }

        beforeId = BinaryPrimitives.ReadInt64BigEndian(bytes);
        return beforeId > 0 && BinaryPrimitives.ReadUInt32BigEndian(bytes[sizeof(long)..]) == CheckSum(beforeId);
    }

    private static uint CheckSum(long beforeId) => ~BitOperations.Crc32C(0xA5C0B001, (ulong)beforeId);
}

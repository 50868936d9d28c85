using System.Data.Common;

namespace Ascob.Server.Persistence.Sql;

/// <summary>Reads bytes of a row.</summary>
internal static class Blob
{
    private const int Step = 64 * 1024;

    /// <summary>Copies a value into a buffer that is large enough for it, without making an array of it; answers its length.</summary>
    public static int Copy(DbDataReader row, int ordinal, Span<byte> buffer)
    {
        var length = checked((int)row.GetBytes(ordinal, 0, null, 0, 0));
        var step = System.Buffers.ArrayPool<byte>.Shared.Rent(Step);
        try
        {
            for (var at = 0; at < length;)
            {
                var read = (int)row.GetBytes(ordinal, at, step, 0, Math.Min(Step, length - at));
                step.AsSpan(0, read).CopyTo(buffer[at..]);
                at += read;
            }
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(step);
        }

        return length;
    }
}

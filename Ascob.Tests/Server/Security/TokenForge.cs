using System.Globalization;
using System.Numerics;

namespace Ascob.Tests.Server.Security;

/// <summary>Makes text that looks like a token to the last character.</summary>
internal static class TokenForge
{
    public static string WithCheckSum(string body)
    {
        var crc = uint.MaxValue;
        foreach (var c in body)
        {
            crc = BitOperations.Crc32C(crc, (ushort)c);
        }

        return $"{body}_{(~crc).ToString("x8", CultureInfo.InvariantCulture)}";
    }
}

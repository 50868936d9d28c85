using System.Security.Cryptography;
using System.Text;

namespace Ascob.Server.Cluster;

/// <summary>The queue in Hangfire's storage by which one member is asked for something.</summary>
internal static class MemberQueue
{
    /// <summary>The queue of whichever server has time.</summary>
    public const string Anybody = "default";

    /// <summary>Answers the queue of a member. Names may hold what Hangfire's queues may not, and some storages allow 20 characters.</summary>
    public static string Of(string memberName) => $"m-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(memberName)))[..16]}";
}

using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Ascob.Core.Access;
using Ascob.Server.Security;
using Ascob.Server.Telemetry;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Api.Kuroko2;

/// <summary>Knows the applications that may use kuroko2's API, by HTTP Basic. Refused attempts count with those of tokens.</summary>
internal sealed partial class Kuroko2Gate(IOptions<Kuroko2Options> options, FailedAttempts failures, AccessMetrics metrics, TimeProvider time, ILogger<Kuroko2Gate> log)
{
    private const string Scheme = "Basic ";
    private const int LongestHeader = 2_048;
    private static readonly TimeSpan Lately = TimeSpan.FromHours(1);

    // What an application may do is what the API offers; its runs are those of definitions, whoever launched them.
    private static readonly IReadOnlySet<string> Authorities =
        new HashSet<string>([Permissions.DefinitionRead, Permissions.DefinitionWrite, Permissions.DefinitionLaunch, Permissions.JobRunRead], StringComparer.Ordinal);

    private readonly Dictionary<string, byte[]> _keys = options.Value.Applications.ToDictionary(a => a.Key, a => Hash(a.Value), StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _accepted = new(StringComparer.Ordinal);

    /// <summary>Gets whether the statistics answer without credentials.</summary>
    public bool StatsOpen { get; } = options.Value.StatsOpen ?? options.Value.Applications.Count > 0;

    /// <summary>Lets a request with good credentials through with its caller; answers the others.</summary>
    public async ValueTask<object?> EnterAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        var address = context.Connection.RemoteIpAddress;
        var client = Recognise(context.Request.Headers.Authorization.ToString());

        // Over the limit only those are served that were known before, or the limit would slow no guess down.
        if (failures.WaitOf(address) is { } wait && (client is null || !WasAcceptedLately(client)))
        {
            metrics.TokenRefused();
            await Kuroko2Answer.WriteTooManyAsync(context, wait);
            return Results.Empty;
        }

        if (client is null)
        {
            if (context.Request.Headers.Authorization.Count > 0)
            {
                metrics.TokenRefused();
                LogRefused(address);
                if (failures.Note(address) is { } pause)
                {
                    await Kuroko2Answer.WriteTooManyAsync(context, pause);
                    return Results.Empty;
                }
            }

            await Kuroko2Answer.WriteErrorAsync(context, StatusCodes.Status401Unauthorized, "Send the name and the key of an application as HTTP Basic credentials.");
            return Results.Empty;
        }

        _accepted[client] = time.GetTimestamp();
        context.Features.Set(new Caller($"kuroko2:{client}", Authorities, null, null));
        context.Items[typeof(Kuroko2Gate)] = client;
        return await next(invocation);
    }

    /// <summary>Answers the application that the gate let in.</summary>
    public static string ClientOf(HttpContext context) => (string)context.Items[typeof(Kuroko2Gate)]!;

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    // Every application is compared with, so that the time tells nothing.
    private string? Recognise(string header)
    {
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || header.Length > LongestHeader)
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[LongestHeader];
        if (!Convert.TryFromBase64String(header[Scheme.Length..].Trim(), bytes, out var length))
        {
            return null;
        }

        var text = Encoding.UTF8.GetString(bytes[..length]);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
        {
            return null;
        }

        var key = Hash(text[(colon + 1)..]);
        string? found = null;
        foreach (var (client, expected) in _keys)
        {
            var sameKey = CryptographicOperations.FixedTimeEquals(expected, key);
            var sameName = CryptographicOperations.FixedTimeEquals(Hash(client), Hash(text[..colon]));
            found = sameKey & sameName ? client : found;
        }

        return found;
    }

    private bool WasAcceptedLately(string client) => _accepted.TryGetValue(client, out var at) && time.GetElapsedTime(at) < Lately;

    [LoggerMessage(Level = LogLevel.Warning, Message = "Refused the credentials of an application from {Address}")]
    private partial void LogRefused(System.Net.IPAddress? address);
}

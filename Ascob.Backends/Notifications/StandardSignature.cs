using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Ascob.Core.Notifications;

namespace Ascob.Backends.Notifications;

/// <summary>The signature of Standard Webhooks, version 1.0.0: HMAC-SHA256 over <c>id.timestamp.body</c>, as <c>v1,&lt;base64&gt;</c>, one for each secret that counts.</summary>
internal static class StandardSignature
{
    /// <summary>Adds the three headers to a request.</summary>
    public static void Add(HttpRequestMessage request, OutgoingNotice message, byte[] body)
    {
        var timestamp = message.SentAt.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        request.Headers.Add("webhook-id", message.EventId);
        request.Headers.Add("webhook-timestamp", timestamp);
        var signatures = new[] { message.Secrets.Secret, message.Secrets.PreviousSecret }.OfType<string>().Select(secret => Sign(secret, message.EventId, timestamp, body)).ToList();
        if (signatures.Count > 0)
        {
            request.Headers.Add("webhook-signature", string.Join(' ', signatures));
        }
    }

    private static string Sign(string secret, string id, string timestamp, byte[] body)
    {
        byte[] signed = [.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body];
        return $"v1,{Convert.ToBase64String(HMACSHA256.HashData(WebhookSecrets.KeyOf(secret), signed))}";
    }
}

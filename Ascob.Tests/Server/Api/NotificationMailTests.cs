using System.Globalization;
using Ascob.Tests.Fixtures;
using SmtpServer.Protocol;

namespace Ascob.Tests.Server.Api;

/// <summary>Mails through a real SMTP server.</summary>
public sealed class NotificationMailTests : NotificationApi
{
    private readonly TestMailServer _mail = new();

    protected override IReadOnlyList<string> Settings =>
    [
        .. base.Settings,
        "--Ascob:PublicUrl", "https://ascob.example.org",
        "--Ascob:Notifications:Mail:Host", "127.0.0.1",
        "--Ascob:Notifications:Mail:Port", _mail.Port.ToString(CultureInfo.InvariantCulture),
        "--Ascob:Notifications:Mail:Security", "None",
        "--Ascob:Notifications:Mail:From", "ascob@example.org",
    ];

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _mail.DisposeAsync();
    }

    [Fact]
    public async Task Failure_IsMailedToAll_WithAnIdThatStaysTheSame()
    {
        _mail.Answer = new SmtpResponse(SmtpReplyCode.ServiceUnavailable, "later");
        var made = await SubscribeAsync(new { name = "m", kind = "mail", to = new[] { "ops@example.org", "dev@example.org" }, cc = new[] { "boss@example.org" } });
        var id = await RunAsync(fails: true);
        await UntilAsync("?state=pending", d => d.Count == 1 && d[0].Attempts >= 2 && d[0].LastError == "the mail server answered 421");
        _mail.Answer = null;

        var mail = Assert.Single(await _mail.UntilAsync(1));

        Assert.Equal("[CRITICAL] Failed to execute 'nightly <report>'", mail.Subject);
        Assert.Equal(["ops@example.org", "dev@example.org"], mail.To.Mailboxes.Select(m => m.Address));
        Assert.Equal("boss@example.org", Assert.Single(mail.Cc.Mailboxes).Address);
        Assert.Equal("ascob@example.org", Assert.Single(mail.From.Mailboxes).Address);
        Assert.StartsWith($"evt_{id}_", mail.MessageId, StringComparison.Ordinal);
        Assert.EndsWith($".{made.Id}@example.org", mail.MessageId, StringComparison.Ordinal);
        Assert.Contains($"https://ascob.example.org/api/runs/{id}", mail.TextBody, StringComparison.Ordinal);
        Assert.Contains("nightly &lt;report&gt;", mail.HtmlBody, StringComparison.Ordinal);
        Assert.DoesNotContain("nightly <report>", mail.HtmlBody, StringComparison.Ordinal);
        await UntilAsync("?state=delivered", d => d.Count == 1);
    }

    [Fact]
    public async Task UnknownRecipient_IsDeadAtOnce()
    {
        _mail.Unknown = "nobody@example.org";
        await SubscribeAsync(new { name = "m", kind = "mail", to = new[] { "nobody@example.org" }, events = new[] { "finished" } });

        await RunAsync();

        var dead = await UntilAsync("?state=dead", d => d.Count == 1);
        Assert.Equal(1, dead[0].Attempts);
    }

    [Fact]
    public async Task UnknownRecipient_KeepsTheMailFromNobodyElse_AndTheDeliverySaysHowManyWereRefused()
    {
        _mail.Unknown = "gone@example.org";
        await SubscribeAsync(new { name = "m", kind = "mail", to = new[] { "gone@example.org", "good@example.org" }, cc = new[] { "boss@example.org" }, events = new[] { "finished" } });

        await RunAsync();

        await _mail.UntilAsync(1);
        Assert.Equal(["good@example.org", "boss@example.org"], Assert.Single(_mail.Envelopes));
        var delivered = Assert.Single(await UntilAsync("?state=delivered", d => d.Count == 1));
        Assert.Equal((1, "the mail server refused 1 of the recipients (550); the others have it"), (delivered.Attempts, delivered.LastError));
    }

    [Fact]
    public async Task RecipientThatIsPutOff_IsTriedAgainAlone()
    {
        _mail.Busy = "later@example.org";
        _mail.Unknown = "gone@example.org";
        await SubscribeAsync(new { name = "m", kind = "mail", to = new[] { "gone@example.org", "later@example.org", "good@example.org" }, events = new[] { "finished" } });

        await RunAsync();
        await UntilAsync("?state=pending", d => d.Count == 1 && d[0].Attempts >= 3 && d[0].LastError == "the mail server answered 450 to 1 of 3 recipients");
        Assert.Equal(["good@example.org"], Assert.Single(_mail.Envelopes));
        _mail.Busy = null;

        var mails = await _mail.UntilAsync(2);
        Assert.Equal(["later@example.org"], _mail.Envelopes.Last());
        Assert.Equal(mails[0].MessageId, mails[1].MessageId);
        var delivered = Assert.Single(await UntilAsync("?state=delivered", d => d.Count == 1));
        Assert.Equal("the mail server refused 1 of the recipients (550); the others have it", delivered.LastError);
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 1)]
    public async Task Kuroko2_34_PreventedLaunchMailsAdminsOnlyWhenNotifyCancellationIsOn(bool notifyCancellation, int mails)
    {
        await SubscribeAsync(new { name = "admins", kind = "mail", to = new[] { "admin@example.org" }, notifyCancellation });

        // Locks that are taken stand for the next-execution policy here; both are told as "skipped".
        var holder = await SubmitAsync("wait", 5000);
        var skipped = await SubmitAsync("skip", 10);
        Assert.Equal("ABORTED", await EndAsync(skipped));
        await RunAsync(fails: true);

        var got = await _mail.UntilAsync(mails + 1);
        Assert.Equal(mails, got.Count(m => m.Subject == "[WARN] Skipped 'locked'"));
        using var stop = await Root.DeleteAsync($"/api/runs/{holder}", Cancel);

        async Task<long> SubmitAsync(string policy, int milliseconds)
        {
            using var response = await System.Net.Http.Json.HttpClientJsonExtensions.PostAsJsonAsync(
                Root,
                "/api/runs",
                new
                {
                    jobSpec = new
                    {
                        description = "locked",
                        labels = new Dictionary<string, string> { ["_execution_backend_id"] = "dummyBackend", ["dummy_run_ms"] = milliseconds.ToString(CultureInfo.InvariantCulture) },
                        locks = new[] { new { key = "one", policy } },
                    },
                },
                Cancel);
            return System.Text.Json.JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancel)).RootElement.GetProperty("runId").GetInt64();
        }
    }
}

using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using MimeKit;
using SmtpServer;
using SmtpServer.ComponentModel;
using SmtpServer.Mail;
using SmtpServer.Protocol;
using SmtpServer.Storage;

namespace Ascob.Tests.Fixtures;

/// <summary>A real SMTP server on the loopback.</summary>
internal sealed class TestMailServer : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public TestMailServer()
    {
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            Port = ((IPEndPoint)probe.LocalEndpoint).Port;
        }

        var options = new SmtpServerOptionsBuilder().ServerName("mail.test").Endpoint(e => e.Endpoint(new IPEndPoint(IPAddress.Loopback, Port)).AllowUnsecureAuthentication()).Build();
        var services = new ServiceProvider();
        services.Add(new Store(this));
        services.Add(new Filter(this));
        _running = new SmtpServer.SmtpServer(options, services).StartAsync(_stop.Token);
    }

    public int Port { get; }

    public ConcurrentQueue<MimeMessage> Mails { get; } = new();

    /// <summary>Gets or sets what is answered to a message; a success where nothing is set.</summary>
    public SmtpResponse? Answer { get; set; }

    /// <summary>Gets for whom each of the mails was handed over, in order.</summary>
    public ConcurrentQueue<IReadOnlyList<string>> Envelopes { get; } = new();

    /// <summary>Gets or sets a recipient that is not taken.</summary>
    public string? Unknown { get; set; }

    /// <summary>Gets or sets a recipient that is put off.</summary>
    public string? Busy { get; set; }

    public async Task<IReadOnlyList<MimeMessage>> UntilAsync(int count)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (Mails.Count < count)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(60), $"{Mails.Count} of {count} mails arrived");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        return [.. Mails];
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private sealed class Store(TestMailServer server) : MessageStore
    {
        public override Task<SmtpResponse> SaveAsync(ISessionContext context, IMessageTransaction transaction, ReadOnlySequence<byte> buffer, CancellationToken cancellationToken)
        {
            if (server.Answer is { } answer)
            {
                return Task.FromResult(answer);
            }

            using var bytes = new MemoryStream(buffer.ToArray());
            server.Envelopes.Enqueue([.. transaction.To.Select(t => $"{t.User}@{t.Host}")]);
            server.Mails.Enqueue(MimeMessage.Load(bytes, cancellationToken));
            return Task.FromResult(SmtpResponse.Ok);
        }
    }

    private sealed class Filter(TestMailServer server) : MailboxFilter
    {
        public override Task<bool> CanDeliverToAsync(ISessionContext context, IMailbox to, IMailbox from, CancellationToken cancellationToken) =>
            $"{to.User}@{to.Host}" == server.Busy
                ? throw new SmtpResponseException(new SmtpResponse((SmtpReplyCode)450, "later"))
                : Task.FromResult($"{to.User}@{to.Host}" != server.Unknown);
    }
}

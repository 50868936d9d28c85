using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Ascob.Core.Client;

namespace Ascob.Server.Cli.Doctor;

/// <summary>Looks at a server from outside.</summary>
internal sealed class ServerChecks(HttpClient http, Uri url, string? token, TimeProvider time)
{
    private static readonly TimeSpan SlightSkew = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan WrongSkew = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan SoonExpired = TimeSpan.FromDays(7);

    /// <summary>Gets whether an Ascob server answered.</summary>
    public bool Reachable { get; private set; }

    /// <summary>Looks at everything that can be seen.</summary>
    public async Task<IReadOnlyList<DoctorCheck>> RunAsync(CancellationToken cancellationToken)
    {
        var checks = new List<DoctorCheck>();
        checks.AddRange(await ServerAsync(cancellationToken));
        if (!Reachable)
        {
            return checks;
        }

        if (token is null)
        {
            checks.Add(DoctorCheck.Fail("token", "no token", $"set {CliContext.TokenVariable} or --token"));
            return checks;
        }

        using var request = new HttpClient { BaseAddress = url, Timeout = http.Timeout };
        request.DefaultRequestHeaders.Add(AscobClient.TokenHeader, token);
        using var client = new AscobClient(request, new AscobClientOptions { MaxAttempts = 1, Time = time });
        if (await TokenAsync(client, checks, cancellationToken))
        {
            checks.AddRange(await BackendsAsync(client, cancellationToken));
            checks.Add(await LocksAsync(client, cancellationToken));
        }

        return checks;
    }

    /// <summary>Judges how far the server's clock is from ours.</summary>
    internal static DoctorCheck Clock(TimeSpan skew)
    {
        var seconds = string.Create(CultureInfo.InvariantCulture, $"{skew.Duration().TotalSeconds:F0} s apart from the server's");
        const string mend = "let both machines follow an NTP server";
        return skew.Duration() switch
        {
            var s when s > WrongSkew => DoctorCheck.Fail("clock", seconds, mend),
            var s when s > SlightSkew => DoctorCheck.Warn("clock", seconds, mend),
            _ => DoctorCheck.Ok("clock", "agrees with the server's"),
        };
    }

    /// <summary>Judges a backend by what the server tells of it.</summary>
    internal static DoctorCheck Backend(BackendInfo backend)
    {
        var name = $"backend {backend.Id}";
        var capacity = backend.Capacity is { } most ? $"{backend.Running} of {most} runs" : $"{backend.Running} runs";
        return backend switch
        {
            { Healthy: false } or { Circuit: "open" } => DoctorCheck.Fail(
                name, $"{backend.Type}: {backend.Reason ?? "not healthy"} (circuit {backend.Circuit})", $"look at the settings below Ascob:Backends:{backend.Id}"),
            { Drained: true } => DoctorCheck.Warn(name, $"{backend.Type}: drained, {capacity}", $"POST /api/backends/{backend.Id}/resume lets runs in again"),
            _ => DoctorCheck.Ok(name, $"{backend.Type}: {capacity}"),
        };
    }

    private async Task<List<DoctorCheck>> ServerAsync(CancellationToken cancellationToken)
    {
        var checks = new List<DoctorCheck>();
        try
        {
            var asked = time.GetUtcNow();
            using var response = await http.GetAsync(new Uri(url, "/healthz/ready"), cancellationToken);
            var answered = time.GetUtcNow();
            if (response.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable))
            {
                checks.Add(DoctorCheck.Fail(
                    "server", $"{url} answers {(int)response.StatusCode}: something else listens there", "set --url or ASCOB_URL, or give the server another address with --urls"));
                return checks;
            }

            Reachable = true;
            checks.Add(response.StatusCode == HttpStatusCode.OK
                ? DoctorCheck.Ok("server", $"{url} is ready")
                : DoctorCheck.Fail("server", $"{url} answers and is not ready: it cannot store now, or is stopping", "look at its log, its disk and Ascob:Database"));
            if (response.Headers.Date is { } date)
            {
                // The header has whole seconds, cut off; half a second is its middle.
                checks.Add(Clock(date + TimeSpan.FromSeconds(0.5) - (asked + ((answered - asked) / 2))));
            }
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            checks.Add(Unreachable(e));
        }

        return checks;
    }

    private DoctorCheck Unreachable(Exception e)
    {
        if (!url.IsLoopback || e is not HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError })
        {
            return DoctorCheck.Fail("server", $"{url} cannot be reached: {CliText.Plain((e.InnerException ?? e).Message)}", "start the server, or set --url or ASCOB_URL");
        }

        return IsFree(url.Port)
            ? DoctorCheck.Warn("server", $"nothing listens on {url}; the port is free", "start it: ascob serve")
            : DoctorCheck.Fail("server", $"the port {url.Port} is taken and does not speak HTTP", "give the server another address with --urls");
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            listener.Stop();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private async Task<bool> TokenAsync(AscobClient client, List<DoctorCheck> checks, CancellationToken cancellationToken)
    {
        try
        {
            var who = await client.WhoAmIAsync(cancellationToken);
            var words = $"{who.Identifier}, {who.Authorities.Count} permissions";
            checks.Add(who.ExpiresAt is { } end && end - time.GetUtcNow() < SoonExpired
                ? DoctorCheck.Warn("token", $"{words}, ends {CliText.Time(end)}", $"ascob token create {who.Identifier} --rotate")
                : DoctorCheck.Ok("token", words));
            return true;
        }
        catch (Exception e) when (CliErrors.Describe(e, url) is { } described)
        {
            checks.Add(DoctorCheck.Fail("token", described.Message, $"set {CliContext.TokenVariable} or --token"));
            return false;
        }
    }

    /// <summary>Judges the keeper of locks by what the server tells of it.</summary>
    internal static DoctorCheck Locks(LockListResponse locks)
    {
        var lost = locks.Items.Count(l => l.Quarantined);
        return locks switch
        {
            { Keeper: { State: not "ok" } keeper } => DoctorCheck.Fail(
                "locks",
                $"{keeper.Provider}: {keeper.Reason}",
                keeper.State == "rebuilt" ? "POST /api/locks/consul/confirm, when other systems that use these locks are at rest" : "start Consul, or look at the settings below Ascob:Locks:Consul"),
            _ when lost > 0 => DoctorCheck.Warn("locks", $"Consul lost {lost} locks of runs that go on; they are taken back as soon as Consul lets it", "look at GET /api/locks for who has them"),
            _ => DoctorCheck.Ok("locks", $"kept by {locks.Keeper?.Provider ?? "the server"}"),
        };
    }

    private static async Task<DoctorCheck> LocksAsync(AscobClient client, CancellationToken cancellationToken)
    {
        try
        {
            return Locks(await client.LocksAsync(cancellationToken));
        }
        catch (AscobApiException e) when (e.Status == HttpStatusCode.Forbidden)
        {
            return DoctorCheck.Skip("locks", "the token lacks the permission lock_read");
        }
    }

    private static async Task<IEnumerable<DoctorCheck>> BackendsAsync(AscobClient client, CancellationToken cancellationToken)
    {
        try
        {
            var backends = await client.BackendsAsync(cancellationToken);
            return backends.Count == 0
                ? [DoctorCheck.Warn("backends", "none is configured: nothing can run", "add one below Ascob:Backends")]
                : backends.Select(Backend);
        }
        catch (AscobApiException e) when (e.Status == HttpStatusCode.Forbidden)
        {
            return [DoctorCheck.Skip("backends", "the token lacks the permission backend_read")];
        }
    }
}

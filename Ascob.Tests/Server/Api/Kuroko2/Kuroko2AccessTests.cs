using System.Net;
using System.Net.Http.Headers;
using Ascob.Server.Configuration;
using Ascob.Tests.Backends.Shell;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Server.Api.Kuroko2;

public sealed class Kuroko2AccessTests : Kuroko2Api
{
    protected override string[] Settings =>
        ["--Ascob:Backends:shell:Labels:kuroko2_queue", "@default", "--Ascob:Backends:batch:Type", "Shell", "--Ascob:Backends:batch:Labels:kuroko2_queue", "batch"];

    [Fact]
    public async Task Kuroko2_behaviour_47_statistics_answer_without_credentials_with_the_documented_keys()
    {
        var gone = await DefineAsync("failing", "execute: false");
        await EndOfAsync(await LaunchAsync(gone));
        var sleeper = await DefineAsync("sleeping", "sleep: 120");
        var asleep = await LaunchAsync(sleeper);
        using var nobody = Server.Client(token: null);

        Assert.Equal("""{"kuroko2.job_instances.working":1,"kuroko2.job_instances.error":1}""", await nobody.GetStringAsync("/v1/stats/instance", Cancel));
        Assert.Equal("""{"kuroko2.executions.waiting.@default":0,"kuroko2.executions.waiting.batch":0}""", await nobody.GetStringAsync("/v1/stats/waiting_execution", Cancel));
        using var stop = await Root.DeleteAsync($"/api/runs/{asleep}", Cancel);
        await EndOfAsync(asleep);
    }

    [Fact]
    public async Task Statistics_can_be_closed_and_are_where_the_api_is_not_used()
    {
        await using var closed = await ApiServer.StartWithDummyAsync("--Ascob:Kuroko2:Applications:portal", Key, "--Ascob:Kuroko2:StatsOpen", "false");
        await using var unused = await ApiServer.StartWithDummyAsync();
        using var first = closed.Client(token: null);
        using var second = unused.Client(token: null);

        await RefusedAsync(await first.GetAsync("/v1/stats/instance", Cancel), HttpStatusCode.Unauthorized, "unauthorized");
        await RefusedAsync(await second.GetAsync("/v1/stats/instance", Cancel), HttpStatusCode.Unauthorized, "unauthorized");
        await RefusedAsync(await second.GetAsync("/v1/definitions", Cancel), HttpStatusCode.Unauthorized, "unauthorized");
    }

    [Fact]
    public async Task Commands_run_in_the_queue_of_their_script()
    {
        var plain = await RunAsync("execute: true");
        var batch = await RunAsync("queue: batch\nexecute: true");

        Assert.Equal("shell", (await EndOfAsync(plain.Instance)).GetProperty("backendId").GetString());
        Assert.Equal("batch", (await EndOfAsync(batch.Instance)).GetProperty("backendId").GetString());
    }

    [Fact]
    public async Task Whoever_guesses_is_slowed_down_and_whoever_is_known_is_served_all_the_same()
    {
        using var wrong = Client("portal", "wrong");
        (await Portal.GetAsync("/v1/definitions", Cancel)).EnsureSuccessStatusCode();
        for (var i = 0; i < 10; i++)
        {
            await RefusedAsync(await wrong.GetAsync("/v1/definitions", Cancel), HttpStatusCode.Unauthorized, "unauthorized");
        }

        using var blocked = await wrong.GetAsync("/v1/definitions", Cancel);
        await RefusedAsync(blocked, HttpStatusCode.TooManyRequests, "too_many_requests");
        Assert.NotNull(blocked.Headers.RetryAfter);
        (await Portal.GetAsync("/v1/definitions", Cancel)).EnsureSuccessStatusCode();
    }

    [Theory]
    [InlineData("Basic")]
    [InlineData("Basic !!!")]
    [InlineData("Basic cG9ydGFs")]
    [InlineData("Bearer abc")]
    public async Task Credentials_of_no_form_are_refused(string header)
    {
        using var client = Server.Client(token: null);
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", header);

        await RefusedAsync(await client.GetAsync("/v1/definitions", Cancel), HttpStatusCode.Unauthorized, "unauthorized");
    }

    [Theory]
    [InlineData("--Ascob:Kuroko2:Applications:portal", "short")]
    [InlineData("--Ascob:Kuroko2:Applications:por tal", Key)]
    [InlineData("--Ascob:Kuroko2:CustomTasks:execute", "true")]
    [InlineData("--Ascob:Kuroko2:CustomTasks:fork", "true")]
    [InlineData("--Ascob:Kuroko2:TimeZone", "Mars/Olympus")]
    [InlineData("--Ascob:Kuroko2:Aplications:portal", Key)]
    public async Task Settings_that_mean_nothing_stop_the_start(string key, string value)
    {
        var refused = await Assert.ThrowsAsync<ConfigurationException>(() => ApiServer.StartWithDummyAsync(key, value));

        Assert.Contains("Ascob:Kuroko2:", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Key, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Own_tasks_run_their_command_with_the_option()
    {
        await using var server = await ApiServer.StartAsync(b => b.Services.AddSingleton(ShellWorld.Launcher), "--Ascob:Backends:shell:Type", "Shell", "--Ascob:Backends:shell:HostIdleExit", "00:00:00", "--Ascob:Kuroko2:Applications:portal", Key, "--Ascob:Kuroko2:CustomTasks:say", "echo \"said: $KUROKO2_OPTION\"");
        using var portal = server.Client(token: null);
        portal.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"portal:{Key}")));
        using var root = server.Client();
        using var made = await portal.PostAsync("/v1/definitions", System.Net.Http.Json.JsonContent.Create(Definition("own", "say: it's $HOME")), Cancel);
        using var launched = await portal.PostAsync(Path((await JsonAsync(made)).GetProperty("id").GetInt64()), null, Cancel);
        var instance = (await JsonAsync(launched)).GetProperty("id").GetInt64();
        _ = await root.GetStringAsync($"/api/runs/{instance}?waitSeconds=60", Cancel);

        Assert.Equal("said: it's $HOME\n", await root.GetStringAsync($"/api/runs/{instance}/output.txt", Cancel));
    }
}

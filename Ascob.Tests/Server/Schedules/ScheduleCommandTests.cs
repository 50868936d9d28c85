using System.Text;
using System.Text.Json;
using Ascob.Server.Cli;
using Ascob.Tests.Server.Api;

namespace Ascob.Tests.Server.Schedules;

/// <summary>The verb <c>schedule</c> against a whole server.</summary>
public sealed class ScheduleCommandTests : ScheduleApi
{
    [Fact]
    public async Task AddListNextRemove_DoWhatTheySay()
    {
        var definition = await DefineAsync();
        var dry = await RunAsync(0, "schedule", "add", definition, "--cron", "30 2 * * *", "--zone", "Europe/Berlin", "--dry-run");
        Assert.Equal(10, dry.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal("[]", await RunAsync(0, "schedule", "list", definition, "--json"));

        var id = await RunAsync(0, "schedule", "add", definition, "--every", "2h", "--at", "2026-01-01T00:30:00Z", "--overlap", "skip", "--catch-up", "none", "--parameters", "{}");

        var listed = JsonDocument.Parse(await RunAsync(0, "schedule", "list", definition, "--json")).RootElement[0];
        Assert.Equal((id, 7200, "skip"), (listed.GetProperty("id").ToString(), listed.GetProperty("schedule").GetProperty("everySeconds").GetInt32(), listed.GetProperty("schedule").GetProperty("overlap").GetString()));
        Assert.Contains("every 7200 s", await RunAsync(0, "schedule", "list"), StringComparison.Ordinal);
        Assert.Contains($":30:00+00:00  schedule {id}", await RunAsync(0, "schedule", "next", definition, id, "--count", "2"), StringComparison.Ordinal);
        await RunAsync(0, "schedule", "remove", definition, id);
        Assert.Equal("[]", await RunAsync(0, "schedule", "list", definition, "--json"));
    }

    [Theory]
    [InlineData("--overlap", "often")]
    [InlineData("--overlap", "1")]
    [InlineData("--at", "tomorrow")]
    [InlineData("--parameters", "{")]
    [InlineData("--every", "often")]
    public async Task Add_WhenAnOptionIsWrong_IsAUsageError(string option, string value) =>
        Assert.Contains(option, await RunAsync(ExitCodes.Usage, "schedule", "add", "x", option, value), StringComparison.Ordinal);

    private async Task<string> RunAsync(int expected, params string[] args)
    {
        using var output = new MemoryStream();
        await using var error = new StringWriter();
        var environment = new Dictionary<string, string> { ["ASCOB_URL"] = Server.Url.ToString(), ["ASCOB_TOKEN"] = ApiServer.RootToken };
        var context = new CliContext(
            new CliTerminal(output, error, TextReader.Null, errorIsTerminal: false), environment.GetValueOrDefault, TimeProvider.System, (_, _) => throw new InvalidOperationException("No server of its own."));
        var exit = await CliRoot.RunAsync(args, context);
        Assert.True(exit == expected, $"{exit}: {error}");
        return (expected == 0 ? Encoding.UTF8.GetString(output.ToArray()) : error.ToString()).Trim();
    }
}

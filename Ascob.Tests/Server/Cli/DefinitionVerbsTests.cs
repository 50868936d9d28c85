using System.Globalization;
using System.Text.Json;
using Ascob.Core.Access;
using Ascob.Tests.Server.Api;

namespace Ascob.Tests.Server.Cli;

/// <summary><c>ascob definition</c> and <c>ascob schedule</c> against the whole server, as people type them.</summary>
public sealed class DefinitionVerbsTests : DefinitionApi
{
    private const string Deploy = """
        {
          "description": "Deploys the shop",
          "jobSpec": { "labels": { "_execution_backend_id": "dummyBackend", "dummy_run_ms": "20" } },
          "parameters": {
            "type": "object",
            "properties": {
              "host": { "type": "string" },
              "count": { "type": "integer" },
              "all": { "type": "array" },
              "tag": { "type": ["string", "null"] },
              "level": { "enum": ["1", "2"] }
            }
          },
          "tags": ["blue"],
          "nextExecution": "not_while_working"
        }
        """;

    [Fact]
    public async Task Definition_IsSavedShownSavedAgainListedAndDeleted()
    {
        Assert.Equal((0, "1\n"), await SaveAsync("shop/deploy", Deploy));
        var (code, shown) = await CliAsync("definition", "show", "shop/deploy");
        Assert.Equal(0, code);
        Assert.Equal("Deploys the shop", JsonDocument.Parse(shown).RootElement.GetProperty("description").GetString());

        // What is shown can be saved as it is, and makes no version.
        Assert.Equal((0, "1\n"), await SaveAsync("shop/deploy", shown));
        Assert.Equal((0, "2\n"), await SaveAsync("shop/deploy", shown.Replace("Deploys the shop", "Deploys it", StringComparison.Ordinal)));

        // By now it is not the version that was shown.
        Assert.Equal(65, (await SaveAsync("shop/deploy", shown)).Code);
        var list = (await CliAsync("definition", "list", "--tag", "blue", "--text", "deploy")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["shop/deploy", "2", "active", "-", "blue"], list[1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(2, list.Length);
        Assert.Equal(2, (await CliAsync("definition", "history", "shop/deploy")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);

        Assert.Equal(0, (await CliAsync("definition", "suspend", "shop/deploy")).Code);
        Assert.Contains(" suspended ", (await CliAsync("definition", "list")).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await CliAsync("definition", "resume", "shop/deploy")).Code);
        Assert.Equal(0, (await CliAsync("definition", "delete", "shop/deploy")).Code);
        Assert.Equal(66, (await CliAsync("definition", "show", "shop/deploy")).Code);
        Assert.Equal(66, (await CliAsync("definition", "delete", "shop/deploy")).Code);
    }

    [Fact]
    public async Task Launch_SendsValuesAsTheirParameterWantsThem_AndPrintsTheNumberAlone()
    {
        await SaveAsync("deploy", Deploy);

        var (code, output) = await CliAsync(
            "definition", "launch", "deploy", "--param", "host=12", "--param", "count=3", "--param", "all=[1,\"b c\"]", "--param", "tag=7", "--param", "level=2", "--submitter", "ann");

        Assert.Equal(0, code);
        var run = await EndOfAsync(long.Parse(output, CultureInfo.InvariantCulture));
        Assert.Equal("ann", run.GetProperty("submitter").GetString());
        Assert.Equal(
            [("all", "[1,\"b c\"]"), ("count", "3"), ("host", "12"), ("level", "2"), ("tag", "7")],
            run.GetProperty("parameters").EnumerateObject().Select(p => (p.Name, p.Value.GetString()!)).Order());
    }

    [Fact]
    public async Task Launch_WithAnObject_TakesItsMembers_AndParamsCountMore()
    {
        await SaveAsync("deploy", Deploy);

        var (code, output) = await CliAsync("definition", "launch", "deploy", "--json", """{"host":"web","count":1}""", "--param", "count=2");

        Assert.Equal(0, code);
        var run = await EndOfAsync(long.Parse(output, CultureInfo.InvariantCulture));
        Assert.Equal(("web", "2"), (run.GetProperty("parameters").GetProperty("host").GetString(), run.GetProperty("parameters").GetProperty("count").GetString()));
    }

    [Theory]
    [InlineData(64, "--json", "[1]")]
    [InlineData(64, "--json", "null")]
    [InlineData(64, "--json", "{")]
    [InlineData(64, "--json", """{"host":"a","host":"b"}""")]
    [InlineData(64, "--param", "host")]
    [InlineData(65, "--param", "stranger=1")]
    [InlineData(65, "--param", "count=many")]
    public async Task Launch_WithWhatCannotBe_SaysSoAndLeavesNoRun(int expected, string option, string value)
    {
        await SaveAsync("deploy", Deploy);

        Assert.Equal((expected, string.Empty), await CliAsync("definition", "launch", "deploy", option, value, "--param", "all=[]"));
        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task Launch_ThatIsPrevented_PrintsTheNumberAndSaysSo()
    {
        await SaveAsync("slow", Deploy.Replace("\"20\"", "\"60000\"", StringComparison.Ordinal));
        var working = long.Parse((await CliAsync("definition", "launch", "slow")).Output, CultureInfo.InvariantCulture);

        await using var cli = Cli();
        var code = await cli.RunAsync("definition", "launch", "slow");

        Assert.Equal((75, $"{working + 1}\n", $"run {working + 1}: prevented\n"), (code, cli.Output, cli.Error));
        Assert.Equal(65, (await CliAsync("definition", "delete", "slow")).Code);
        using var stop = await Root.DeleteAsync($"/api/runs/{working}?force=true", Cancel);
        await EndOfAsync(working);
    }

    [Fact]
    public async Task Launch_WithATokenThatMayLaunchAndNotRead_Launches()
    {
        await SaveAsync("deploy", Deploy);
        using var client = await Server.ClientAsync([Permissions.DefinitionLaunch]);
        await using var cli = Cli();
        cli.Environment["ASCOB_TOKEN"] = client.DefaultRequestHeaders.GetValues("X-Api-Token").Single();

        Assert.Equal((0, string.Empty), (await cli.RunAsync("definition", "launch", "deploy", "--param", "count=3", "--param", "host=web"), cli.Error));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("")]
    public async Task Save_OfWhatIsNoDefinition_IsAUsageError(string text) => Assert.Equal((64, string.Empty), await SaveAsync("x", text));

    [Fact]
    public async Task Save_OfWhatTheServerRefuses_NamesTheField()
    {
        await using var cli = Cli();
        cli.Input = new StringReader("""{"jobSpec":{"priority":1000}}""");

        Assert.Equal(65, await cli.RunAsync("definition", "save", "x", "--file", "-"));
        Assert.Contains("jobSpec.priority", cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Save_OfAFileThatIsNotThere_Says66()
    {
        await using var cli = Cli();

        Assert.Equal(66, await cli.RunAsync("definition", "save", "x", "--file", "/does/not/exist.json"));
    }

    [Fact]
    public async Task Schedule_IsPreviewedAddedListedAndRemoved()
    {
        await SaveAsync("shop/deploy", Deploy);

        var (code, preview) = await CliAsync("schedule", "add", "shop/deploy", "--cron", "0 3 * * *", "--zone", "Europe/Berlin", "--dry-run");
        Assert.Equal((0, 10), (code, preview.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length));
        var (added, number) = await CliAsync("schedule", "add", "shop/deploy", "--cron", "0 3 * * *", "--zone", "Europe/Berlin", "--overlap", "skip", "--parameters", """{"host":"web"}""");
        Assert.Equal(0, added);
        var id = number.Trim();
        Assert.Equal(65, (await CliAsync("schedule", "add", "shop/deploy", "--cron", "0 3 * * *", "--zone", "Europe/Berlin", "--overlap", "skip", "--parameters", """{"host":"web"}""")).Code);
        Assert.Equal(65, (await CliAsync("schedule", "add", "shop/deploy", "--cron", "hotdogs")).Code);
        Assert.Equal(64, (await CliAsync("schedule", "add", "shop/deploy", "--every", "often")).Code);
        Assert.Equal(66, (await CliAsync("schedule", "add", "nothing", "--every", "1h")).Code);

        foreach (var verb in new[] { new[] { "schedule", "list" }, ["schedule", "list", "shop/deploy"] })
        {
            var lines = (await CliAsync(verb)).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.StartsWith(id, Assert.Single(lines[1..]), StringComparison.Ordinal);
        }

        Assert.Equal(3, (await CliAsync("schedule", "next", "shop/deploy", id, "--count", "3")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(0, (await CliAsync("schedule", "remove", "shop/deploy", id)).Code);
        Assert.Equal(66, (await CliAsync("schedule", "remove", "shop/deploy", id)).Code);
        Assert.Equal((0, string.Empty), await CliAsync("schedule", "next", "shop/deploy"));
    }

    private CliFixture Cli()
    {
        var cli = new CliFixture();
        cli.Environment["ASCOB_URL"] = Server.Url.ToString();
        cli.Environment["ASCOB_TOKEN"] = ApiServer.RootToken;
        return cli;
    }

    private async Task<(int Code, string Output)> CliAsync(params string[] args)
    {
        await using var cli = Cli();
        return (await cli.RunAsync(args), cli.Output);
    }

    private async Task<(int Code, string Output)> SaveAsync(string name, string json)
    {
        await using var cli = Cli();
        cli.Input = new StringReader(json);
        return (await cli.RunAsync("definition", "save", name, "--file", "-"), cli.Output);
    }
}

using System.Net.Http.Json;
using System.Text;
using Ascob.Server.Cli;
using Ascob.Tests.Server.Api;

namespace Ascob.Tests.Server.Cli;

/// <summary>The verb <c>definition</c> against a whole server.</summary>
public sealed class DefinitionCommandTests : DefinitionApi
{
    private readonly Dictionary<string, string> _environment = [];

    private static readonly object Schema = new
    {
        properties = new Dictionary<string, object>
        {
            ["n"] = new { type = new[] { "string", "null" } },
            ["pick"] = new { @enum = new[] { "5", "x" } },
            ["count"] = new { type = "integer" },
            ["password"] = new { type = "string", writeOnly = true },
        },
        additionalProperties = true,
    };

    [Fact]
    public async Task Launch_SendsEachValueAsItsSchemaHasIt()
    {
        await DefineAsync("job", Schema);

        var run = await RunAsync(0, "definition", "launch", "job", "--param", "n=5", "--param", "pick=5", "--param", "count=5", "--param", "free=[1]", "--param", "quoted=\"5\"");
        Assert.Equal("""5 5 5 [1] 5""", Values(await EndOfAsync(Number(run)), "n", "pick", "count", "free", "quoted"));

        await RunAsync(ExitCodes.Refused, "definition", "launch", "job", "--param", "count=many");
    }

    [Fact]
    public async Task Launch_TakesSecretsFromTheEnvironmentOrStdin()
    {
        await DefineAsync("job", Schema);
        _environment["password"] = "12345";

        var run = await EndOfAsync(Number(await RunAsync(0, "definition", "launch", "job", "--secret", "password", "--secret", "n")));

        Assert.Equal("*** first line", Values(run, "password", "n"));
        Assert.Contains("only the name", await RunAsync(ExitCodes.Usage, "definition", "launch", "job", "--secret", "password=x"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Launch_WhenPrevented_HasAnExitCodeOfItsOwn_AndAcknowledgeLetsItThrough()
    {
        var labels = Dummy();
        labels["dummy_result"] = "failure";
        await DefineAsync("job", nextExecution: "not_while_error", jobSpec: new { labels });
        var failed = await RunAsync(0, "definition", "launch", "job");
        await EndOfAsync(Number(failed));

        Assert.Contains("prevented", await RunAsync(ExitCodes.Prevented, "definition", "launch", "job"), StringComparison.Ordinal);
        Assert.Equal(failed, await RunAsync(0, "definition", "acknowledge", "job", "--reason", "known"));
        await RunAsync(0, "definition", "launch", "job");
    }

    [Fact]
    public async Task DiffStarAndUnstar_DoWhatTheySay()
    {
        await DefineAsync("job", description: "one");
        using var saved = await Root.PutAsJsonAsync("/api/definitions/job", new { description = "two\nlines", jobSpec = new { labels = Dummy() } }, Cancel);

        Assert.Equal("description: one -> two lines", await RunAsync(0, "definition", "diff", "job", "1"));
        Assert.Equal("description: two lines -> one", await RunAsync(0, "definition", "diff", "job", "2", "1"));
        await RunAsync(0, "definition", "unstar", "job");
        Assert.DoesNotContain("job", await RunAsync(0, "definition", "list", "--starred"), StringComparison.Ordinal);
        await RunAsync(0, "definition", "star", "job");
        Assert.Contains("job", await RunAsync(0, "definition", "list", "--starred"), StringComparison.Ordinal);
    }

    private static long Number(string text) => long.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private static string Values(System.Text.Json.JsonElement run, params string[] names) => string.Join(' ', names.Select(n => run.GetProperty("parameters").GetProperty(n).GetString()));

    private async Task<string> RunAsync(int expected, params string[] args)
    {
        using var output = new MemoryStream();
        await using var error = new StringWriter();
        var environment = new Dictionary<string, string>(_environment) { ["ASCOB_URL"] = Server.Url.ToString(), ["ASCOB_TOKEN"] = ApiServer.RootToken };
        var context = new CliContext(
            new CliTerminal(output, error, new StringReader("first line\n"), errorIsTerminal: false), environment.GetValueOrDefault, TimeProvider.System, (_, _) => throw new InvalidOperationException("No server of its own."));
        var exit = await CliRoot.RunAsync(args, context);
        Assert.True(exit == expected, $"{exit}: {error}");
        return (expected == 0 ? Encoding.UTF8.GetString(output.ToArray()) : error.ToString()).Trim();
    }
}

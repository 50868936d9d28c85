using System.Text;
using Ascob.Server.Cli;
using Microsoft.AspNetCore.Builder;

namespace Ascob.Tests.Server.Cli;

/// <summary>The command line with its terminal, environment and interrupts in hand, beside a pretended server.</summary>
internal sealed class CliFixture : IAsyncDisposable
{
    private const string Token = "the token of this test";
    private readonly MemoryStream _output = new();
    private readonly StringWriter _error = new() { NewLine = "\n" };
    private WebApplication? _app;

    public PretendServer Server { get; } = new(Token);

    public Dictionary<string, string> Environment { get; } = new() { ["USER"] = "alice" };

    public BuildServer BuildServer { get; set; } = (_, _) => throw new InvalidOperationException("This test starts no server of its own.");

    public Interrupts Interrupts { get; } = new(listen: false);

    public TextReader Input { get; set; } = TextReader.Null;

    public string Output => Encoding.UTF8.GetString(_output.ToArray());

    public string Error => _error.ToString();

    public async Task StartServerAsync()
    {
        _app = Server.Build("http://127.0.0.1:0");
        await _app.StartAsync(TestContext.Current.CancellationToken);
        Environment["ASCOB_URL"] = _app.Urls.First();
        Environment["ASCOB_TOKEN"] = Token;
    }

    public Task<int> RunAsync(params string[] args) => CliRoot.RunAsync(args, new CliContext(
        new CliTerminal(_output, _error, Input, errorIsTerminal: false), Environment.GetValueOrDefault, TimeProvider.System, BuildServer)
    {
        ListenToInterrupts = () => Interrupts,
    });

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }

        Interrupts.Dispose();
        await _output.DisposeAsync();
        await _error.DisposeAsync();
    }
}

using System.Text;
using System.Text.Json;
using Ascob.Backends.Shell;
using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Output;

namespace Ascob.Tests.Backends.Shell;

public sealed class ShellSecurityTests : IAsyncLifetime
{
    private readonly string _programs = Directory.CreateTempSubdirectory("ascob-programs-").FullName;
    private readonly ShellWorld _world;

    public ShellSecurityTests()
    {
        _world = new ShellWorld(("ExecutablesDirectory", _programs));
        Program("show", "#!/bin/sh\nprintf '%s\\0' \"$VALUE\" \"$@\"\n");
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _world.DisposeAsync();
        Directory.Delete(_programs, recursive: true);
    }

    [Fact]
    public async Task Injection_TwoHundredPayloads_ArriveAsTheyAreAndRunNothing()
    {
        var canary = Path.Combine(_programs, "canary");
        string[] shapes =
        [
            "$(touch {0})", "`touch {0}`", "; touch {0}", "\ntouch {0}\n", "| touch {0}", "&& touch {0}", "> {0}", "'; touch {0}; '", "\"; touch {0}; \"", "$(<{0})",
            "--output={0}", "-o {0}", "@{0}", "%s%n{0}", "{{touch,{0}}}", "\\$(touch {0})", "${{IFS}}touch${{IFS}}{0}", "() {{ :; }}; touch {0}", "\r\ntouch {0}", "*",
            "~root", "a\tb", "\u00e4\u20ac\U0001F600", "", " ", "!!", "#touch {0}", "<<EOF\ntouch {0}\nEOF", "$'\\x3btouch {0}'", "\u2028touch {0}", "\u0085", "\u001b[2J",
            "-", "--", "-c", "touch {0}", "eval touch {0}", "exec 3>{0}", ". {0}", "trap 'touch {0}' EXIT",
        ];
        var payloads = Enumerable.Range(0, 200).Select(i => string.Format(null, shapes[i % shapes.Length], canary) + new string('x', i / shapes.Length)).ToList();

        await Parallel.ForEachAsync(payloads, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = ShellWorld.Token }, async (payload, _) =>
        {
            var job = _world.Job(new JobSpec
            {
                Labels = new Dictionary<string, string> { ["shell_executable"] = "show", ["shell_arguments"] = JsonSerializer.Serialize(new[] { payload, "end" }) },
                Parameters = new Dictionary<string, string> { ["VALUE"] = payload },
            });
            await _world.StartAsync(job);
            await _world.EndAsync(job);
            Assert.Equal($"{payload}\0{payload}\0end\0", await _world.OutputAsync(job, OutputChannel.Stdout));
        });

        Assert.False(File.Exists(canary));
    }

    [Fact]
    public async Task SecretLeak_CanariesInParametersAndCallback_AreInNoFileAndNoCommandLine()
    {
        var canaries = Enumerable.Range(0, 5).Select(i => $"canary{i}-{Guid.NewGuid():N}").ToArray();
        var job = _world.Job(ShellWorld.Command("printenv; echo $S0 | base64 -w0; echo; printf '%s' \"$S1\" | od -An -tx1 | tr -d ' \\n'; echo; echo ${#S2}; sleep 0.5"));
        job = job with
        {
            Secrets = canaries.Take(4).Select((c, i) => ($"S{i}", c)).ToDictionary(p => p.Item1, p => p.c),
            CallbackUrl = $"http://127.0.0.1:1/api/webhooks/runs/{canaries[4]}",
        };

        await _world.StartAsync(job);
        await _world.SaysAsync(job, "40\n");
        Assert.All(canaries, c => Assert.DoesNotContain(CommandLines(), line => line.Contains(c, StringComparison.Ordinal)));
        await _world.EndAsync(job);

        var needles = canaries.SelectMany(c => new[] { c, Convert.ToBase64String(Encoding.UTF8.GetBytes(c))[..40], Convert.ToHexStringLower(Encoding.UTF8.GetBytes(c)) });
        var files = Directory.EnumerateFiles(_world.DataDirectory, "*", SearchOption.AllDirectories).Where(f => Path.GetFileName(f) is not ("host.sock" or "host.lock")).ToList();
        Assert.NotEmpty(files);
        Assert.All(files, f => Assert.DoesNotContain(needles, n => File.ReadAllText(f).Contains(n, StringComparison.Ordinal)));
        Assert.Contains("***", await _world.OutputAsync(job), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Output_WhenTheJobPrintsTheSecretOfItsCallback_IsMaskedWithAndWithoutTheUrl()
    {
        var id = $"canary-{Guid.NewGuid():N}";
        var spec = ShellWorld.Command("echo \"hook $HOOK\"") with { Parameters = new Dictionary<string, string> { ["HOOK"] = id } };
        BackendJob[] jobs =
        [
            _world.Job(spec) with { CallbackId = id },
            _world.Job(spec) with { CallbackId = id, CallbackUrl = $"http://127.0.0.1:1/api/webhooks/runs/{id}" },
        ];

        foreach (var job in jobs)
        {
            await _world.StartAsync(job);
            await _world.EndAsync(job);
            Assert.Equal("hook ***\n", await _world.OutputAsync(job));
        }
    }

    [Fact]
    public async Task Environment_OfAJob_HoldsItsOwnAndNothingOfTheServer()
    {
        Environment.SetEnvironmentVariable("ASCOB_TEST_SERVER_SECRET", "leak");
        var job = _world.Job(new JobSpec
        {
            Submitter = "alice",
            Labels = new Dictionary<string, string> { ["shell_command"] = "env -0" },
            Parameters = new Dictionary<string, string> { ["TARGET"] = "a b" },
        }) with
        {
            Secrets = new Dictionary<string, string> { ["PIN"] = "abc" },
            Fences = new Dictionary<string, long> { ["db/main-1"] = 42 },
            CallbackUrl = "http://127.0.0.1:1/cb",
        };

        await _world.StartAsync(job);
        await _world.EndAsync(job);
        var variables = (await _world.OutputAsync(job)).Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(v => v.Split('=', 2)).ToDictionary(v => v[0], v => v[1]);

        string[] allowed =
        [
            "PATH", "HOME", "LANG", "TZ", "PWD", "_", "SHLVL", "OLDPWD", "TARGET", "PIN", "ASCOB_RUN", "ASCOB_RUN_ID", "ASCOB_SUBMITTER", "ASCOB_CALLBACK_URL", "ASCOB_FILES_DIR",
            "ASCOB_LOCK_DB_MAIN_1", "ASCOB_LOCKS",
        ];
        Assert.Empty(variables.Keys.Except(allowed));
        Assert.Equal("a b", variables["TARGET"]);
        Assert.Equal(job.Marker, variables["ASCOB_RUN"]);
        Assert.Equal("alice", variables["ASCOB_SUBMITTER"]);
        Assert.Equal("42", variables["ASCOB_LOCK_DB_MAIN_1"]);
        Assert.Equal("{\"db/main-1\":42}", variables["ASCOB_LOCKS"]);
    }

    [Fact]
    public async Task Files_WithHostileNames_AreCopiedUnderSafeOnes()
    {
        var source = Path.Combine(_programs, "source");
        await File.WriteAllTextAsync(source, "content", ShellWorld.Token);
        var names = new[] { "plain.txt", "../../evil", "/etc/passwd", "-rf", "a\nb", "plain.txt", "..", new string('n', 300) };
        var job = _world.Job(ShellWorld.Command("cd \"$ASCOB_FILES_DIR\" && ls -b; cat plain.txt; echo changed > plain.txt")) with
        {
            Files = [.. names.Select(n => BackendFile.OnDisk(n, source, 7))],
        };

        await _world.StartAsync(job);
        var report = await _world.EndAsync(job);
        var text = await _world.OutputAsync(job);

        Assert.Equal(BackendState.Succeeded, report.State);
        Assert.Contains("plain.txt.2", text, StringComparison.Ordinal);
        Assert.EndsWith("content", text, StringComparison.Ordinal);
        Assert.Equal(names.Length, Directory.EnumerateFiles(Path.Combine(_world.RunDirectoryOf(job), "files")).Count());
        Assert.Equal("content", await File.ReadAllTextAsync(source, ShellWorld.Token));
    }

    [Fact]
    public async Task Files_WhenTheirStoreIsAway_StartNothing()
    {
        var file = new BackendFile("data", 9, _ => throw new StoreUnavailableException("no answer"), _ => throw new StoreUnavailableException("no answer"));
        var job = _world.Job(ShellWorld.Command("echo started")) with { Files = [file] };

        var outcome = await _world.Adapter.SubmitAsync(job, ShellWorld.Token);

        Assert.Equal((SubmitOutcomeKind.NotNow, "The input file 'data' cannot be read now: no answer"), (outcome.Kind, outcome.Reason));
        Assert.False(Directory.Exists(_world.RunDirectoryOf(job)));
    }

    [Fact]
    public async Task Files_WhoseNamesLookAlike_AreNeverTakenForEachOther()
    {
        string[] names =
        [
            "a/b", "a_b", "a%2Fb", "a%252Fb", "a\\b", "100%.txt", ".hidden", "%2Ehidden", "_hidden", "\U0001F600", "%F0%9F%98%80", "a\nb", "%%2F", "%/",
            new string('n', 180), new string('n', 181), new string('n', 400), new string('\u20ac', 60), new string('\u20ac', 61), new string('\u20ac', 133), new string('/', 400),
        ];
        var files = new List<BackendFile>();
        foreach (var (index, name) in names.Index())
        {
            var source = Path.Combine(_programs, $"source-{index}");
            await File.WriteAllTextAsync(source, $"content {index}", ShellWorld.Token);
            files.Add(BackendFile.OnDisk(name, source, 10));
        }

        var job = _world.Job(ShellWorld.Command("cd \"$ASCOB_FILES_DIR\" && cat a_b && echo && cat a%2Fb && echo && cat a%252Fb && echo && cat 100%.txt")) with { Files = files };
        await _world.StartAsync(job);
        await _world.EndAsync(job);

        Assert.Equal("content 1\ncontent 0\ncontent 2\ncontent 5", await _world.OutputAsync(job));
        var directory = Path.Combine(_world.RunDirectoryOf(job), "files");
        Assert.Equal(names.Length, Directory.GetFiles(directory).Length);
        foreach (var (index, name) in names.Index())
        {
            // Of the name alone: another set of files gives the same.
            Assert.Equal($"content {index}", await File.ReadAllTextAsync(Path.Combine(directory, RunDirectory.SafeFileName(name)), ShellWorld.Token));
        }
    }

    [Theory]
    [InlineData("missing", "no program")]
    [InlineData("leads-out", "leads out")]
    [InlineData("dir-out/true", "leads out")]
    [InlineData("not-executable", "not executable")]
    [InlineData("no-shebang", "#!/bin/sh")]
    public async Task Submit_WhenExecutableMayNotRun_IsRejectedWithReason(string name, string reason)
    {
        File.CreateSymbolicLink(Path.Combine(_programs, "leads-out"), "/bin/true");
        Directory.CreateSymbolicLink(Path.Combine(_programs, "dir-out"), "/bin");
        await File.WriteAllTextAsync(Path.Combine(_programs, "not-executable"), "#!/bin/sh\n", ShellWorld.Token);
        Program("no-shebang", "echo hello\n");

        var outcome = await _world.Adapter.SubmitAsync(
            _world.Job(new JobSpec { Labels = new Dictionary<string, string> { ["shell_executable"] = name } }), ShellWorld.Token);

        Assert.Equal(SubmitOutcomeKind.Rejected, outcome.Kind);
        Assert.Contains(reason, outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_WhenParametersAreLargerThanTheKernelTakes_IsRejectedNotCrashed()
    {
        var many = Enumerable.Range(0, 18).ToDictionary(i => $"P{i}", _ => new string('x', 120_000));
        var spec = ShellWorld.Command("true") with { Parameters = many };

        var outcome = await _world.Adapter.SubmitAsync(_world.Job(spec), ShellWorld.Token);

        Assert.NotEmpty(_world.Adapter.Validate(spec));
        Assert.Equal(SubmitOutcomeKind.Rejected, outcome.Kind);
        Assert.Equal(BackendState.Succeeded, (await _world.RunAsync("true")).State);
    }

    private static List<string> CommandLines() =>
        [.. Directory.EnumerateDirectories("/proc").Where(d => char.IsAsciiDigit(Path.GetFileName(d)[0])).Select(d =>
        {
            try
            {
                return File.ReadAllText(d + "/cmdline");
            }
            catch (IOException)
            {
                return string.Empty;
            }
        })];

    private void Program(string name, string text)
    {
        var path = Path.Combine(_programs, name);
        File.WriteAllText(path, text);
        if (OperatingSystem.IsLinux())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
        }
    }
}

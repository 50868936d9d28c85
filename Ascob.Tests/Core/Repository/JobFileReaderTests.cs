using System.Text.Json;
using Ascob.Core.Repository;

namespace Ascob.Tests.Core.Repository;

/// <summary>Files of jobs, good ones and bad ones.</summary>
public sealed class JobFileReaderTests
{
    private const string Sample = """
        # The job of the documentation.
        - name: deploy
          description: |
            Brings a version out.
          command: deploy --to {{ target }}
          timeout: 60
          env:
            STAGE: blue
          user: ascob
          vars:
            - name: target
              type: enum
              values: [east, west]
            - name: dry_run
              type: bool
              option: yes
          schedule:
            - time: 2026-01-31T12:00:00Z
              frequency: "3600"
              priority: "5"
            - frequency: "*/5 * * * *"
        """;

    private const string SampleJson = """
        [{"name": "deploy", "description": "Brings a version out.\n", "command": "deploy --to {{ target }}", "timeout": 60, "env": {"STAGE": "blue"}, "user": "ascob",
          "vars": [{"name": "target", "type": "enum", "values": ["east", "west"]}, {"name": "dry_run", "type": "bool", "option": true}],
          "schedule": [{"time": "2026-01-31T12:00:00Z", "frequency": 3600, "priority": 5}, {"frequency": "*/5 * * * *"}]}]
        """;

    [Fact]
    public void Read_WhenYamlAndJsonSayTheSame_GivesTheSameJob()
    {
        var yaml = JobFiles.Job(Sample);
        var json = JobFiles.Job(SampleJson, "deploy.json");

        Assert.Equal(("deploy", "Brings a version out.\n", "deploy --to {{ target }}", 60, "ascob"), (yaml.Name, yaml.Description, yaml.Command, yaml.TimeoutSeconds, yaml.User));
        Assert.Equal("blue", yaml.Environment["STAGE"]);
        Assert.Equal([("target", VariableType.Enum, false), ("dry_run", VariableType.Bool, true)], yaml.Variables.Select(v => (v.Name, v.Type, v.Option)));
        Assert.Equal([(new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero), null, 3600.0, 5), (null, "*/5 * * * *", null, 0)], yaml.Schedule.Select(s => (s.Time, s.Cron, s.Seconds, s.Priority)));
        Assert.Equivalent(yaml with { File = json.File, Line = 1, Schedule = [] }, json with { Line = 1, Schedule = [] }, strict: true);
        Assert.Equal(yaml.Schedule.Select(s => s with { Line = 0 }), json.Schedule.Select(s => s with { Line = 0 }));
    }

    [Theory]
    [InlineData("deploy.yml", "deploy")]
    [InlineData("A job.yaml", "A job")]
    [InlineData("a.b.json", "a.b")]
    public void Read_WhenOneJobHasNoName_TakesTheFilesName(string path, string name) => Assert.Equal(name, JobFiles.Job("{command: 'true'}".Replace("command", "\"command\"").Replace('\'', '"'), path).Name);

    [Fact]
    public void Read_WhenSeveralJobsHaveNoNames_NumbersThem() =>
        Assert.Equal(["a-1", "b", "a-3"], JobFiles.Read("- {}\n- name: b\n- command: echo", "a.yml").Jobs.Select(j => j.Name));

    [Fact]
    public void Read_WhenThereIsNeitherCommandNorScript_IsAJobAllTheSame() => Assert.Null(JobFiles.Job("- timeout: 5").Command);

    [Theory]
    [InlineData("- command: a\n  script: b", 2, "not both")]
    [InlineData("- command: a\n  cmdspec: b", 2, "not both")]
    [InlineData("- command: a\n  colour: red", 2, "'colour' is not known")]
    [InlineData("- script: ../x", 1, "leads out")]
    [InlineData("- timeout: soon", 1, "number of seconds")]
    [InlineData("- timeout: 0", 1, "number of seconds")]
    [InlineData("- timeout: -5", 1, "number of seconds")]
    [InlineData("- vars:\n  - name: a\n  - name: a", 3, "a second time")]
    [InlineData("- vars:\n  - name: a-b\n  - name: A_B", 3, "OVERSEER_VAR_A_B")]
    [InlineData("- vars:\n  - name: a\n    type: number", 3, "no type 'number'")]
    [InlineData("- vars:\n  - name: a\n    type: 5", 3, "no type '5'")]
    [InlineData("- vars:\n  - name: a\n    type: enum", 2, "needs its values")]
    [InlineData("- vars:\n  - name: a\n    values: [x]", 2, "Only an enumeration")]
    [InlineData("- vars:\n  - type: str", 2, "needs a name")]
    [InlineData("- vars:\n  - name: 'a b'", 2, "letters, digits")]
    [InlineData("- vars:\n  - name: a\n    option: maybe", 3, "true or false")]
    [InlineData("- command: echo {{ x }}", 1, "declares no variable 'x'")]
    [InlineData("- command: echo {{ x", 1, "no }}")]
    [InlineData("- command: '{% if x %}'", 1, "Statements")]
    [InlineData("- command: echo {{ x | upper }}\n  vars: [{name: x}]", 1, "not understood")]
    [InlineData("- command: echo \\{{ x }}\n  vars: [{name: x}]", 1, "backslash")]
    [InlineData("- command: echo $(({{ x }}))\n  vars: [{name: x}]", 1, "arithmetic")]
    [InlineData("- command: 'echo # done'\n  vars: [{name: x}]", 1, "appended")]
    [InlineData("- command: export\n  vars: [{name: x}]", 1, "appended")]
    [InlineData("- command: a && test\n  vars: [{name: x}, {name: y}]", 1, "appended")]
    [InlineData("- env:\n    OVERSEER_JOB: x", 2, "reserved")]
    [InlineData("- env:\n    A-B: x", 2, "cannot name")]
    [InlineData("- user: 'a b'", 1, "name of an account")]
    [InlineData("- name: stdout", 1, "reserved")]
    [InlineData("- name: a/b", 1, "stands in addresses")]
    [InlineData("- hooks: {stderr: 'http://a'}", 1, "reserved")]
    [InlineData("- hooks: {fail: 'ftp://a'}", 1, "http://")]
    [InlineData("- a\n- b", 1, "must be a mapping", 2)]
    [InlineData("- name: a\n- name: a", 2, "a second time")]
    [InlineData("[]", 1, "1 to 500")]
    [InlineData("- command: a\n  command: b", 2, "a second time")]
    [InlineData("- command: 'a", 1, "Not valid YAML")]
    [InlineData("- command: a\n\tb: c", 1, "Not valid YAML")]
    [InlineData("- command: a\n---\n- command: b", 2, "second one begins")]
    [InlineData("- command: *none", 1, "names nothing")]
    [InlineData("? [a]\n: b", 1, "key must be a text")]
    public void Read_WhenSomethingIsWrong_SaysWhatAndWhere(string text, int line, string message, int errors = 1)
    {
        var file = JobFiles.Read(text);

        Assert.Empty(file.Jobs);
        Assert.Equal(errors, file.Errors.Count);
        Assert.Contains(message, file.Errors[0].Message, StringComparison.Ordinal);
        Assert.Equal(("deploy.yml", line), (file.Errors[0].File, file.Errors[0].Line));
    }

    [Theory]
    [InlineData("(( {{ x }} > 3 ))")]
    [InlineData("for (( i = 0; i < {{ x }}; i++ )); do echo; done")]
    [InlineData("[[ {{ x }} -eq 3 ]] && echo")]
    [InlineData("[[ a != b && \"{{ x }}\" -gt 3 ]] && echo")]
    [InlineData("[[ -v {{ x }} ]]")]
    [InlineData("[ -v {{ x }} ]")]
    [InlineData("[ \"{{ x }}\" {{ x }} ]")]
    [InlineData("printf {{ x }} {{ x }}")]
    [InlineData("test -v \"{{ x }}\"")]
    [InlineData("echo $[ {{ x }} + 1 ]")]
    [InlineData("echo \"$[{{ x }}]\"")]
    [InlineData("echo \"$(( {{ x }} ))\"")]
    [InlineData("cat <<EOF\n$(( {{ x }} ))\nEOF")]
    [InlineData("echo ok; let n={{ x }}")]
    [InlineData("if let 'n = {{ x }}'; then echo; fi")]
    [InlineData("case a in a) let 2>&1 n={{ x }};; esac")]
    [InlineData("declare -i n; n={{ x }}")]
    [InlineData("typeset -xi n={{ x }}")]
    [InlineData("declare \"{{ x }}\"=1")]
    [InlineData("export {{ x }}")]
    [InlineData("printf -v {{ x }} %s a")]
    [InlineData("printf -v{{ x }} %s a")]
    [InlineData("IFS= read -r {{ x }} <file")]
    [InlineData("unset {{ x }}")]
    [InlineData("a[{{ x }}]=1")]
    [InlineData("a[\"{{ x }}\"]+=1")]
    [InlineData("a=([{{ x }}]=1)")]
    [InlineData("echo ${a[{{ x }}]}")]
    [InlineData("echo \"${#a[{{ x }}]}\"")]
    [InlineData("echo ${a:{{ x }}:1}")]
    [InlineData("echo $(let n={{ x }})")]
    [InlineData("2>/dev/null read {{ x }} </dev/null")]
    [InlineData("> out read {{ x }}")]
    [InlineData("declare -n r={{ x }}; echo $r")]
    [InlineData("RANDOM={{ x }}")]
    [InlineData("OPTIND=\"{{ x }}\" true")]
    [InlineData("set -x; PS4={{ x }}")]
    [InlineData("BASH_ENV={{ x }} bash -c true")]
    [InlineData("coproc unset {{ x }}")]
    [InlineData("echo a >&{{ x }}")]
    [InlineData("'declare' {{ x }}")]
    [InlineData("de\\clare {{ x }}")]
    [InlineData("\"printf\" -v {{ x }} a")]
    [InlineData("printf \\-v {{ x }} a")]
    public void Read_WhenAValueWouldBeEvaluatedAlthoughItIsQuoted_TakesNumbersOnly(string command)
    {
        var text = JsonSerializer.Serialize(command);

        Assert.Contains("only a variable of the type int", JobFiles.Error($"- command: {text}\n  vars: [{{name: x}}]").Message, StringComparison.Ordinal);
        JobFiles.Job($"- command: {text}\n  vars: [{{name: x, type: int}}]");
    }

    [Theory]
    [InlineData("[[ {{ x }} == a* ]] && echo")]
    [InlineData("STAGE={{ x }} ENV={{ x }} ./run")]
    [InlineData("echo a >{{ x }} 2>&1")]
    [InlineData("echo read {{ x }}")]
    [InlineData("RANDOMIZE={{ x }}")]
    [InlineData("\"./tool\" -n {{ x }}")]
    [InlineData("'echo' {{ x }}")]
    [InlineData("[ {{ x }} = a ] && [ \"$y\" = b ]")]
    [InlineData("test -n {{ x }}")]
    [InlineData("export A={{ x }} B=\"{{ x }}\"")]
    [InlineData("local a={{ x }}")]
    [InlineData("read -r a <{{ x }}")]
    [InlineData("read a < {{ x }}; echo {{ x }}")]
    [InlineData("read a <<EOF\n{{ x }}\nEOF")]
    [InlineData("printf '[%s]' -v {{ x }} | grep -v {{ x }}")]
    [InlineData("echo please read {{ x }} and let {{ x }} be")]
    [InlineData("echo \"let {{ x }}\"")]
    [InlineData("awk '(($1 > 2)) { print \"{{ x }}\" }'")]
    [InlineData("ls log[0-9]{{ x }} log[{{ x }}].txt")]
    [InlineData("echo ${a:-{{ x }}} ${b:+{{ x }}}")]
    [InlineData("echo $(wc -l <{{ x }})")]
    [InlineData("( (cd {{ x }}); echo {{ x }} )")]
    [InlineData("printf '%s' $((1 + 2)) {{ x }}")]
    public void Read_WhenAValueStaysText_TakesAnyType(string command) => JobFiles.Job($"- command: {JsonSerializer.Serialize(command)}\n  vars: [{{name: x}}]");

    [Theory]
    [InlineData("{\n\"command\": \"a\",\n\"command\": \"b\"}", 3, "a second time")]
    [InlineData("{\n\"command\": }", 2, "Not valid JSON")]
    [InlineData("{\n\"colour\": 1}", 2, "not known")]
    [InlineData("", 1, "Not valid JSON")]
    [InlineData("{\"command\":\"\\ud800\"}", 1, "Unicode")]
    public void Read_WhenJsonIsWrong_SaysWhatAndWhere(string text, int line, string message)
    {
        var error = JobFiles.Error(text, "deploy.json");

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Equal(line, error.Line);
    }

    [Fact]
    public void Read_WhenManyThingsAreWrong_SaysAllOfThem() =>
        Assert.Equal([1, 2, 4], JobFiles.Read("- timeout: x\n  colour: y\n  vars:\n    - option: z\n      name: a").Errors.Select(e => e.Line));

    [Theory]
    [InlineData("time: tomorrow")]
    [InlineData("frequency: often")]
    [InlineData("frequency: 0")]
    [InlineData("priority: 1")]
    [InlineData("frequency: 60\n    colour: red")]
    [InlineData("frequency: 60\n    priority: 1.5")]
    public void Read_WhenAnItemOfTheScheduleIsWrong_LeavesItOutAndKeepsTheJob(string item)
    {
        var file = JobFiles.Read($"- schedule:\n  - {item}\n  - frequency: 60");

        Assert.Equal(60, Assert.Single(Assert.Single(file.Jobs).Schedule).Seconds);
        Assert.InRange(Assert.Single(file.Warnings).Line ?? 0, 2, 3);
    }

    [Fact]
    public void Read_WhenAnchorsAreUsed_FollowsAndMergesThem()
    {
        var file = JobFiles.Read("- &base\n  name: a\n  timeout: 5\n  env: &env {A: b}\n- <<: *base\n  name: c\n  env: *env");

        Assert.Empty(file.Errors);
        Assert.Equal([("a", 5, "b"), ("c", 5, "b")], file.Jobs.Select(j => (j.Name, j.TimeoutSeconds ?? 0, j.Environment["A"])));
    }
}

using Ascob.Core.Jobs;
using CsCheck;

namespace Ascob.Tests.Core.Jobs;

public sealed class RuntimeVariablesTests
{
    private static readonly RuntimeVariableValues Values = new(42, "ada", "42-secret", "http://host/api/webhooks/runs/42-secret");

    [Fact]
    public void Resolve_ReplacesInEveryValue()
    {
        var spec = new JobSpec
        {
            RuntimeVariables = true,
            Submitter = "ada",
            Description = "run %%RUNID%% of %%SUBMITTER%%",
            Labels = new Dictionary<string, string> { ["l"] = "%%WEBHOOKID%%" },
            Parameters = new Dictionary<string, string> { ["p"] = "%%RUNID%%%%RUNID%%" },
            SecretParameters = new Dictionary<string, string> { ["s"] = "u=%%CALLBACK_URL%%" },
            Locks = [new LockSpec("lock-%%SUBMITTER%%", LockMode.Shared, LockPolicy.Fail)],
        };

        var resolved = RuntimeVariables.Resolve(spec, Values);

        Assert.Empty(RuntimeVariables.Check(spec));
        Assert.Equal("run 42 of ada", resolved.Description);
        Assert.Equal("42-secret", resolved.Label("l"));
        Assert.Equal("4242", resolved.Parameters!["p"]);
        Assert.Equal("u=http://host/api/webhooks/runs/42-secret", resolved.SecretParameters!["s"]);
        Assert.Equal(new LockSpec("lock-ada", LockMode.Shared, LockPolicy.Fail), Assert.Single(resolved.Locks!));
        Assert.False(resolved.RuntimeVariables);
        Assert.Same(resolved, RuntimeVariables.Resolve(resolved, Values));
    }

    [Fact]
    public void Resolve_InALabelThatIsAJsonArray_KeepsItsStringsApart()
    {
        var spec = new JobSpec
        {
            RuntimeVariables = true,
            Submitter = "x\",\"--admin",
            Labels = new Dictionary<string, string> { ["shell_arguments"] = "[\"--user\",\"%%SUBMITTER%%\"]" },
        };

        var resolved = RuntimeVariables.Resolve(spec, Values with { Submitter = spec.Submitter });

        Assert.Equal(["--user", "x\",\"--admin"], System.Text.Json.JsonSerializer.Deserialize<string[]>(resolved.Label("shell_arguments")!)!);
    }

    [Theory]
    [InlineData("%%CALLBACK_URL%%")]
    [InlineData("lock-%%WEBHOOKID%%")]
    public void Check_WhenALockIsNamedAfterTheCallbackAddress_RefusesIt(string key)
    {
        var spec = new JobSpec { RuntimeVariables = true, Locks = [new LockSpec(key)] };

        var error = Assert.Single(RuntimeVariables.Check(spec));

        Assert.Equal("jobSpec.locks[0].key", error.Field);
        Assert.Contains("secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Resolve_WhenVariablesAreOff_ChangesNothing()
    {
        var spec = JobSpec.Builder("ada").WithDescription("100%% %%RUNID%% %%NONE%%").Build();

        Assert.Same(spec, RuntimeVariables.Resolve(spec, Values));
        Assert.Empty(RuntimeVariables.Check(spec));
    }

    [Theory]
    [InlineData("\",\"labels\":{\"_execution_backend_id\":\"evil\"},\"locks\":[{\"key\":\"stolen\"}],\"x\":\"")]
    [InlineData("$1 $& ${name} \\")]
    [InlineData("%%RUNID%%")]
    [InlineData("%%")]
    public void Resolve_WhenTheSubmitterIsHostile_InjectsNothing_DefectX1(string submitter)
    {
        var spec = JobSpec.Builder(submitter).WithDescription("by %%SUBMITTER%%!").WithParameter("p", "%%SUBMITTER%%").EnableRuntimeVariables().Build();

        var resolved = RuntimeVariables.Resolve(spec, Values with { Submitter = submitter });

        Assert.Empty(RuntimeVariables.Check(spec));
        Assert.Equal($"by {submitter}!", resolved.Description);
        Assert.Equal(submitter, resolved.Parameters!["p"]);
        Assert.Null(resolved.Labels);
        Assert.Null(resolved.Locks);
    }

    [Fact]
    public void Check_WhenVariablesAreUnknown_NamesEveryFieldBeforeAnythingIsStored_DefectD5()
    {
        var spec = new JobSpec
        {
            RuntimeVariables = true,
            Submitter = "ada",
            Description = "%%UNKNOWN%%",
            Labels = new Dictionary<string, string> { ["l"] = "100%%", ["%%RUNID%%"] = "v" },
            Parameters = new Dictionary<string, string> { ["p"] = "%%runid%%" },
            SecretParameters = new Dictionary<string, string> { ["s"] = "%%RUNID%%%%X%%" },
            Locks = [new LockSpec("ok"), new LockSpec("%%RUNID")],
        };

        var errors = RuntimeVariables.Check(spec);

        Assert.Equal(
            ["jobSpec.description", "jobSpec.labels.l", "jobSpec.labels['%%RUNID%%']", "jobSpec.locks[1].key", "jobSpec.parameters.p", "jobSpec.secretParameters.s"],
            errors.Select(e => e.Field).Order(StringComparer.Ordinal));
        Assert.Contains("%%UNKNOWN%%", errors.Single(e => e.Field == "jobSpec.description").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_WhenTheSubmitterIsWantedButThereIsNone_SaysSo()
    {
        var spec = JobSpec.Builder(null).WithDescription("%%SUBMITTER%%").EnableRuntimeVariables().Build();

        Assert.Equal("jobSpec.description", Assert.Single(RuntimeVariables.Check(spec)).Field);
    }

    [Theory]
    [InlineData("%%%RUNID%%%", "%42%")]
    [InlineData("50% of %%RUNID%%", "50% of 42")]
    [InlineData("%%RUNID%%%", "42%")]
    public void Resolve_WhenSinglePercentSignsStandBeside_KeepsThem(string text, string expected)
    {
        var spec = JobSpec.Builder("ada").WithDescription(text).EnableRuntimeVariables().Build();

        Assert.Empty(RuntimeVariables.Check(spec));
        Assert.Equal(expected, RuntimeVariables.Resolve(spec, Values).Description);
    }

    [Fact]
    public void Resolve_WithAnyTextThatIsAllowed_LeavesTheRestOfTheTextAlone()
    {
        var piece = Gen.OneOf(Gen.Const("%%RUNID%%"), Gen.Const("%%SUBMITTER%%"), Gen.Const("%"), Gen.String);
        Gen.Select(piece.Array[0, 6], Gen.String).Sample((pieces, submitter) =>
        {
            var text = string.Concat(pieces);
            var spec = JobSpec.Builder(submitter).WithDescription(text).EnableRuntimeVariables().Build();
            if (RuntimeVariables.Check(spec).Count > 0)
            {
                return true;
            }

            var expected = string.Join(submitter, text.Split("%%SUBMITTER%%").Select(part => part.Replace("%%RUNID%%", "42", StringComparison.Ordinal)));
            return RuntimeVariables.Resolve(spec, Values with { Submitter = submitter }).Description == expected;
        });
    }
}

using System.Globalization;
using Ascob.Core.Jobs;
using CsCheck;

namespace Ascob.Tests.Core.Jobs;

public sealed class JobSpecValidatorTests
{
    private static readonly JobSpec Empty = new();

    public static TheoryData<string, JobSpec> Refused => new()
    {
        { "jobSpec.description", Empty with { Description = new string('d', 2001) } },
        { "jobSpec.description", Empty with { Description = "a\u0007b" } },
        { "jobSpec.description", Empty with { Description = "a\rb" } },
        { "jobSpec.description", Empty with { Description = "a\0b" } },
        { "jobSpec.description", Empty with { Description = "a\ud800b" } },
        { "jobSpec.submitter", Empty with { Submitter = new string('s', 201) } },
        { "jobSpec.submitter", Empty with { Submitter = "a\nb" } },
        { "jobSpec.submitter", Empty with { Submitter = "a\u2028b" } },
        { "jobSpec.submitter", Empty with { Submitter = "  " } },
        { "jobSpec.submitter", Empty with { Submitter = "\udc00" } },
        { "jobSpec.labels", Empty with { Labels = Many(101) } },
        { "jobSpec.labels['']", Empty with { Labels = One("", "v") } },
        { "jobSpec.labels['a ']", Empty with { Labels = One("a ", "v") } },
        { "jobSpec.labels['a\\u000ab']", Empty with { Labels = One("a\nb", "v") } },
        { "jobSpec.labels.k", Empty with { Labels = One("k", new string('v', 2001)) } },
        { "jobSpec.labels.k", Empty with { Labels = One("k", null) } },
        { "jobSpec.labels.k", Empty with { Labels = One("k", "a\u001bb") } },
        { "jobSpec.labels._x", Empty with { Labels = One("_x", "v") } },
        { "jobSpec.parameters", Empty with { Parameters = Many(300), SecretParameters = Many(201, "s") } },
        { "jobSpec.parameters['']", Empty with { Parameters = One("", "v") } },
        { "jobSpec.parameters.p", Empty with { Parameters = One("p", new string('v', 32769)) } },
        { "jobSpec.parameters.p", Empty with { Parameters = One("p", new string('é', 16385)) } },
        { "jobSpec.parameters.p", Empty with { Parameters = One("p", null) } },
        { "jobSpec.parameters.p", Empty with { Parameters = One("p", "a\0b") } },
        { "jobSpec.secretParameters.p", Empty with { SecretParameters = One("p", null) } },
        { "jobSpec.secretParameters.p", Empty with { Parameters = One("p", "1"), SecretParameters = One("p", "2") } },
        { "jobSpec.locks", Empty with { Locks = [.. Enumerable.Range(0, 65).Select(i => new LockSpec("l" + i.ToString(CultureInfo.InvariantCulture)))] } },
        { "jobSpec.locks[0]", Empty with { Locks = [null!] } },
        { "jobSpec.locks[0].key", Empty with { Locks = [new LockSpec(null!)] } },
        { "jobSpec.locks[0].key", Empty with { Locks = [new LockSpec("")] } },
        { "jobSpec.locks[0].key", Empty with { Locks = [new LockSpec(" a")] } },
        { "jobSpec.locks[0].key", Empty with { Locks = [new LockSpec(new string('l', 201))] } },
        { "jobSpec.locks[1].key", Empty with { Locks = [new LockSpec("a"), new LockSpec("a", LockMode.Shared)] } },
        { "jobSpec.locks[0].mode", Empty with { Locks = [new LockSpec("a", (LockMode)7)] } },
        { "jobSpec.timeoutSeconds", Empty with { TimeoutSeconds = 0 } },
        { "jobSpec.timeoutSeconds", Empty with { TimeoutSeconds = int.MaxValue } },
        { "jobSpec.lockWaitSeconds", Empty with { LockWaitSeconds = -1 } },
        { "jobSpec.priority", Empty with { Priority = 101 } },
        { "jobSpec.priority", Empty with { Priority = -101 } },
        { "jobSpec.retry.maxAttempts", Empty with { Retry = new RetrySpec(0) } },
        { "jobSpec.retry.maxAttempts", Empty with { Retry = new RetrySpec(101) } },
        { "jobSpec.retry.delaySeconds", Empty with { Retry = new RetrySpec(2, 86_401) } },
        { "jobSpec.retry.on[1]", Empty with { Retry = new RetrySpec(2, 0, ["failed", "FAILED"]) } },
        { "jobSpec.retry.on[0]", Empty with { Retry = new RetrySpec(2, 0, [null!]) } },
        { "jobSpec", Empty with { Parameters = Enumerable.Range(0, 9).ToDictionary(i => "p" + i.ToString(CultureInfo.InvariantCulture), _ => new string('v', 32_000)) } },
    };

    public static TheoryData<JobSpec> Allowed => new()
    {
        Empty,
        Empty with { Description = "two\r\nlines\tand a tab", Submitter = "Ådå 🚀" },
        Empty with { Description = new string('d', 2000), Submitter = new string('s', 200) },
        Empty with { Labels = One("shell_command", "set -e\nmake\n") },
        Empty with { Labels = One("_execution_backend_id", "shell") },
        Empty with { Labels = One("empty", ""), Parameters = One("empty", "") },
        Empty with { Parameters = One("p", "\u0001\u001b[31m\ud83d\ude80") },
        Empty with { Parameters = One("p", new string('v', 32_768)) },
        Empty with { Locks = [new LockSpec("a"), new LockSpec("A"), new LockSpec("q/owner/z")] },
        Empty with { TimeoutSeconds = 1, LockWaitSeconds = 31_536_000, Priority = -100, Retry = new RetrySpec(100, 86_400, ["failed", "timeout", "rejected", "lost"]) },
        Empty with { Labels = Many(0), Parameters = Many(0), SecretParameters = Many(0), Locks = [] },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Validate_WhenAFieldIsWrong_NamesItAlone(string field, JobSpec spec)
    {
        var errors = JobSpecValidator.Validate(spec);

        Assert.Equal([field], errors.Select(e => e.Field).Distinct());
        Assert.All(errors, e => Assert.EndsWith(".", e.Message, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Allowed))]
    public void Validate_WhenAllIsWell_AnswersNothing(JobSpec spec) => Assert.Empty(JobSpecValidator.Validate(spec));

    [Fact]
    public void Validate_WhenMuchIsWrong_NamesAllOfItAtOnce()
    {
        var spec = new JobSpec { Description = "\0", Submitter = "", Priority = 1000, TimeoutSeconds = -1, Locks = [new LockSpec("")], Labels = One("k", null) };

        var fields = JobSpecValidator.Validate(spec).Select(e => e.Field);

        Assert.Equal(
            ["jobSpec.description", "jobSpec.labels.k", "jobSpec.locks[0].key", "jobSpec.priority", "jobSpec.submitter", "jobSpec.timeoutSeconds"],
            fields.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Validate_WhenThousandsOfFieldsAreWrong_AnswersABoundedList()
    {
        var spec = Empty with { Labels = Enumerable.Range(0, 5000).ToDictionary(i => $"k{i}", _ => (string)null!) };

        var errors = JobSpecValidator.Validate(spec);

        Assert.Equal(JobSpecLimits.Errors + 1, errors.Count);
        Assert.Equal("And 4901 more errors.", errors[^1].Message);
    }

    [Fact]
    public void Validate_WhenAKeyIsHuge_KeepsThePathShort()
    {
        var errors = JobSpecValidator.Validate(Empty with { Labels = One(new string('k', 100_000), "v") });

        Assert.All(errors, e => Assert.InRange(e.Field.Length, 1, 200));
    }

    [Fact]
    public void Validate_WithAnyStrings_NeverThrowsAndWhatItAllowsIsFitForEveryStore()
    {
        var text = Gen.OneOf(Gen.String, Gen.String[Gen.Char["a _%'\\\0\n\r\ud800\udc00\u2028é"], 0, 12]);
        var map = Gen.Dictionary(text, text)[0, 4];
        Gen.Select(text, text, map, map, map, text).Sample((description, submitter, labels, parameters, secrets, key) =>
        {
            var spec = new JobSpec
            {
                Description = description,
                Submitter = submitter,
                Labels = labels,
                Parameters = parameters,
                SecretParameters = secrets,
                Locks = [new LockSpec(key)],
            };

            if (JobSpecValidator.Validate(spec).Count > 0)
            {
                return true;
            }

            var strings = new[] { description, submitter, key }.Concat(labels.Concat(parameters).Concat(secrets).SelectMany(p => new[] { p.Key, p.Value }));
            return strings.All(s => !s.Contains('\0') && new System.Text.UTF8Encoding(false, true).GetByteCount(s) >= 0)
                && CanonicalJobSpec.Hash(spec).Length == 64;
        });
    }

    private static Dictionary<string, string> One(string key, string? value) => new() { [key] = value! };

    private static Dictionary<string, string> Many(int count, string prefix = "k") =>
        Enumerable.Range(0, count).ToDictionary(i => prefix + i.ToString(CultureInfo.InvariantCulture), _ => "v");
}

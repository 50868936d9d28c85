using System.Text.Json;
using Ascob.Core.Client;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;
using CsCheck;

namespace Ascob.Tests.Core.Jobs;

public sealed class AscobJsonTests
{
    [Fact]
    public void JobSpec_IsWrittenInTheWireContractsWords()
    {
        var spec = JobSpec.Builder("ada").WithDescription("é").WithLabel("Some_Key", "v")
            .WithLock(new LockSpec("l", LockMode.Shared, LockPolicy.Skip)).WithRetry(2, TimeSpan.FromSeconds(5), "lost").Build();

        var json = JsonSerializer.Serialize(spec, AscobJson.Options);

        Assert.Equal(
            """{"description":"é","submitter":"ada","labels":{"Some_Key":"v"},"locks":[{"key":"l","mode":"shared","policy":"skip"}],"manualStart":false,"runtimeVariables":false,"retry":{"maxAttempts":2,"delaySeconds":5,"on":["lost"]},"priority":0}""",
            json);
    }

    [Fact]
    public void JobSpec_WithDefaultsLeftOut_IsRead()
    {
        var spec = JsonSerializer.Deserialize<JobSpec>("""{"locks":[{"key":"l"}],"retry":{"maxAttempts":2},"unknown":{"a":[1]}}""", AscobJson.Options)!;

        Assert.Equal(new LockSpec("l"), Assert.Single(spec.Locks!));
        Assert.Equal(new RetrySpec(2), spec.Retry);
        Assert.Null(spec.Labels);
    }

    [Fact]
    public void JobSpec_WithAnyStrings_ComesBackAsItWas()
    {
        var text = Gen.String[Gen.Char['\u0000', '\ud7ff'], 0, 20];
        Gen.Select(text, Gen.Dictionary(text, text)[0, 4], text, Gen.Int[-100, 100], Gen.Bool).Sample((description, map, key, priority, manual) =>
        {
            var spec = new JobSpec { Description = description, Labels = map, SecretParameters = map, Locks = [new LockSpec(key)], Priority = priority, ManualStart = manual };

            var back = JsonSerializer.Deserialize<JobSpec>(JsonSerializer.Serialize(spec, AscobJson.Options), AscobJson.Options)!;

            return back.Description == description && back.Labels!.OrderBy(p => p.Key, StringComparer.Ordinal).SequenceEqual(map.OrderBy(p => p.Key, StringComparer.Ordinal))
                && back.Locks!.SequenceEqual(spec.Locks) && CanonicalJobSpec.Hash(back) == CanonicalJobSpec.Hash(spec);
        });
    }

    [Theory]
    [InlineData("""{"jobSpec":{"priority":"5"}}""")]
    [InlineData("""{"jobSpec":{"priority":1e99}}""")]
    [InlineData("""{"jobSpec":{"priority":1.5}}""")]
    [InlineData("""{"jobSpec":{"priority":null}}""")]
    [InlineData("""{"jobSpec":{"manualStart":"true"}}""")]
    [InlineData("""{"jobSpec":{"manualStart":1}}""")]
    [InlineData("""{"jobSpec":{"description":7}}""")]
    [InlineData("""{"jobSpec":{"description":"\ud800"}}""")]
    [InlineData("""{"jobSpec":{"description":"a","description":"b"}}""")]
    [InlineData("""{"jobSpec":{"labels":{"a":"1","a":"2"}}}""")]
    [InlineData("""{"jobSpec":{"labels":{"a":1}}}""")]
    [InlineData("""{"jobSpec":{"labels":["a"]}}""")]
    [InlineData("""{"jobSpec":{"locks":[{"key":"a","mode":"Shared"}]}}""")]
    [InlineData("""{"jobSpec":{"locks":[{"key":"a","mode":1}]}}""")]
    [InlineData("""{"jobSpec":{"locks":[{"key":"a","policy":"never"}]}}""")]
    [InlineData("""{"jobSpec":{},}""")]
    [InlineData("""{"jobSpec":{}} x""")]
    [InlineData("""{"jobSpec":{/* no */}}""")]
    [InlineData("")]
    [InlineData("[]")]
    public void Input_ThatIsNoJob_IsRefused(string json) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<SubmitRunRequest>(json, AscobJson.Options));

    [Fact]
    public void Input_NestedTooDeep_IsRefused()
    {
        var json = "{\"x\":" + new string('[', 70) + new string(']', 70) + "}";

        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<SubmitRunRequest>(json, AscobJson.Options));
    }

    [Fact]
    public void RunStatus_IsReadAndWrittenInItsWireSpelling()
    {
        foreach (var status in Enum.GetValues<RunStatus>())
        {
            var json = JsonSerializer.Serialize(status, AscobJson.Options);

            Assert.Equal($"\"{status.ToWire()}\"", json);
            Assert.Equal(status, JsonSerializer.Deserialize<RunStatus>(json, AscobJson.Options));
        }

        Assert.Equal(RunStatus.Succeeded, JsonSerializer.Deserialize<CallbackRequest>("""{"status":"SUCCEDED"}""", AscobJson.Options)!.Status);
    }

    [Theory]
    [InlineData("\"Running\"")]
    [InlineData("\"running\"")]
    [InlineData("\"PAUSED\"")]
    [InlineData("\"\"")]
    [InlineData("4")]
    [InlineData("null")]
    public void RunStatus_WhenUnknown_IsRefused(string json) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<RunStatus>(json, AscobJson.Options));

    [Theory]
    [InlineData("adopt", ResolutionVerdict.Adopt)]
    [InlineData("not_started", ResolutionVerdict.NotStarted)]
    [InlineData("failed", ResolutionVerdict.Failed)]
    public void Verdicts_HaveTheirWords(string word, ResolutionVerdict verdict)
    {
        var json = JsonSerializer.Serialize(new ResolveRequest(verdict, null, "seen"), AscobJson.Options);

        Assert.Equal($$"""{"verdict":"{{word}}","backendKeys":null,"reason":"seen"}""", json);
        Assert.Equal(verdict, JsonSerializer.Deserialize<ResolveRequest>(json, AscobJson.Options)!.Verdict);
    }

    [Theory]
    [InlineData("2026-01-31T12:00:00Z")]
    [InlineData("2026-01-31T12:00:00")]
    [InlineData("2026-01-31T12:00:00.000")]
    [InlineData("2026-01-31T13:00:00+01:00")]
    [InlineData("2026-01-31T12:00")]
    public void Times_AreReadAsUtcAndWrittenWithZ(string text)
    {
        var time = JsonSerializer.Deserialize<DateTimeOffset>($"\"{text}\"", AscobJson.Options);

        Assert.Equal("\"2026-01-31T12:00:00.000000Z\"", JsonSerializer.Serialize(time, AscobJson.Options));
    }

    [Theory]
    [InlineData("31.01.2026")]
    [InlineData("2026-01-31")]
    [InlineData("2026-13-31T12:00:00Z")]
    [InlineData("now")]
    [InlineData("")]
    public void Times_OfAnotherForm_AreRefused(string text)
    {
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<DateTimeOffset>($"\"{text}\"", AscobJson.Options));
        Assert.False(AscobJson.TryParseTime(text, out _));
    }

    [Fact]
    public void Problem_KeepsMembersThatItDoesNotKnow()
    {
        var problem = JsonSerializer.Deserialize<ProblemInfo>("""{"status":422,"code":"run.no_backend","refused":[{"backendId":"a"}]}""", AscobJson.Options)!;

        Assert.Equal("run.no_backend", problem.Code);
        Assert.Equal(JsonValueKind.Array, problem.Extensions!["refused"].ValueKind);
    }

    [Fact]
    public void Configure_GivesOtherOptionsTheSameRules()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);

        AscobJson.Configure(options);

        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<JobSpec>("""{"priority":"5"}""", options));
        Assert.Null(JsonSerializer.Deserialize<SubmitRunRequest>("""{"JobSpec":{}}""", options)!.JobSpec);
    }
}

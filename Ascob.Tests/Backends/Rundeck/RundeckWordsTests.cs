using System.Text.Json;
using Ascob.Backends.Rundeck;
using Ascob.Core.Backends;

namespace Ascob.Tests.Backends.Rundeck;

public sealed class RundeckWordsTests
{
    [Theory]
    [InlineData("""{"status":"queued"}""", BackendState.Queued)]
    [InlineData("""{"status":"scheduled"}""", BackendState.Queued)]
    [InlineData("""{"status":"running"}""", BackendState.Running)]
    [InlineData("""{"status":"succeeded"}""", BackendState.Succeeded)]
    [InlineData("""{"status":"failed"}""", BackendState.Failed)]
    [InlineData("""{"status":"timedout"}""", BackendState.Failed)]
    [InlineData("""{"status":"missed"}""", BackendState.Failed)]
    [InlineData("""{"status":"failed-with-retry"}""", BackendState.Running)]
    [InlineData("""{"status":"aborted"}""", BackendState.Aborted)]
    [InlineData("""{"status":"other","customStatus":"incomplete"}""", BackendState.NotFound)]
    [InlineData("""{"status":"other","customStatus":"incomplete","abortedby":"bob"}""", BackendState.Aborted)]
    [InlineData("""{"status":"other","customStatus":"half done"}""", BackendState.Failed)]
    [InlineData("""{"status":"other"}""", BackendState.Failed)]
    [InlineData("""{"status":"levitating"}""", BackendState.Unreachable)]
    [InlineData("""{"status":"SUCCEEDED"}""", BackendState.Unreachable)]
    public void Meaning_OfEachWord_IsOneState(string json, BackendState expected) => Assert.Equal(expected, RundeckWords.Meaning(Execution(json)).State);

    [Fact]
    public void Pitfall23_Meaning_OfScheduledWithAnEnd_IsAFailure()
    {
        var (state, reason) = RundeckWords.Meaning(Execution("""{"status":"scheduled","date-ended":{"unixtime":1592258497000}}"""));

        Assert.Equal(BackendState.Failed, state);
        Assert.Contains("missed", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Meaning_OfUnknownWord_ShowsTheWord() => Assert.Contains("levitating", RundeckWords.Meaning(Execution("""{"status":"levitating"}""")).Reason, StringComparison.Ordinal);

    [Fact]
    public void Meaning_OfFailureOnNodes_NamesThem() =>
        Assert.Contains("db1, db2", RundeckWords.Meaning(Execution("""{"status":"failed","failedNodes":["db1","db2"]}""")).Reason, StringComparison.Ordinal);

    [Fact]
    public void Meaning_OfCustomStatus_KeepsTheTextInTheWord() => Assert.Equal("other: half done", RundeckWords.Word(Execution("""{"status":"other","customStatus":"half done"}""")));

    [Fact]
    public void Pitfall29_TryRead_WithoutJobDatesAndOptions_IsStillAnExecution()
    {
        var execution = Execution("""{"status":"running","argstring":null}""");

        Assert.Null(execution.StartedAt);
        Assert.Null(execution.EndedAt);
        Assert.Null(execution.Marker);
    }

    [Fact]
    public void Pitfall49_TryRead_TakesTimesAsMilliseconds()
    {
        var execution = Execution("""{"status":"succeeded","date-started":{"unixtime":1592258497123,"date":"2020-06-15T22:01:37Z"},"date-ended":{"unixtime":9e99}}""");

        Assert.Equal(new DateTimeOffset(2020, 6, 15, 22, 1, 37, 123, TimeSpan.Zero), execution.StartedAt);
        Assert.Null(execution.EndedAt);
        Assert.True(execution.HasEnded);
    }

    [Fact]
    public void Pitfall21_TryRead_TakesAnIdThatIsAText() => Assert.Equal(19, RundeckExecution.TryRead(Json("""{"id":"19","status":"running"}"""))!.Id);

    [Theory]
    [InlineData("-ASCOB_RUN ascob-1", "ascob-1")]
    [InlineData("-a 1 -ASCOB_RUN ascob-1 -b 2", "ascob-1")]
    [InlineData("-note \"x -ASCOB_RUN ascob-2\" -ASCOB_RUN ascob-1", "ascob-1")]
    [InlineData("-note \"say \"\"hi\"\" -ASCOB_RUN ascob-2\" -ASCOB_RUN ascob-1", "ascob-1")]
    [InlineData("-note '-ASCOB_RUN' -b ascob-2", null)]
    [InlineData("-note -ASCOB_RUN -b ascob-2", null)]
    [InlineData("-XASCOB_RUN ascob-1", null)]
    [InlineData("-ASCOB_RUN", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void ValueOf_Marker_IsReadExactly(string? line, string? expected) => Assert.Equal(expected, RundeckArgString.ValueOf(line, "ASCOB_RUN"));

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement.Clone();

    private static RundeckExecution Execution(string json) => RundeckExecution.TryRead(Json("{\"id\":1," + json[1..]))!;
}

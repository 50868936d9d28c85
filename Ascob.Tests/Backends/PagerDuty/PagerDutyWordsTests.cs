using System.Text.Json;
using Ascob.Backends.PagerDuty;
using Ascob.Core.Backends;

namespace Ascob.Tests.Backends.PagerDuty;

public sealed class PagerDutyWordsTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly PagerDutySettings Settings = new() { BackendId = "pd", Url = new Uri("http://localhost/"), ApiToken = "t" };

    [Fact]
    public void State_WhenItIsNoText_IsUnreachable() => Assert.Equal(BackendState.Unreachable, Report("""{"id":"I1","state":"\ud800"}""").State);

    [Theory]
    [InlineData("prepared", BackendState.Queued)]
    [InlineData("created", BackendState.Queued)]
    [InlineData("sent", BackendState.Queued)]
    [InlineData("queued", BackendState.Queued)]
    [InlineData("running", BackendState.Running)]
    [InlineData("completed", BackendState.Succeeded)]
    [InlineData("error", BackendState.Failed)]
    [InlineData("aborted", BackendState.Aborted)]
    [InlineData("COMPLETED", BackendState.Unreachable)]
    [InlineData("exploded", BackendState.Unreachable)]
    public void State_IsTranslated_AndAWordNobodyKnowsNeverEndsARun(string word, BackendState expected)
    {
        var report = Report($$"""{"id": "01A", "state": "{{word}}"}""");

        Assert.Equal(expected, report.State);
        Assert.Equal(word, report.Word);
    }

    [Theory]
    [InlineData("""{"id": "01A"}""")]
    [InlineData("""{"id": "01A", "state": null, "timing": {}, "metadata": []}""")]
    [InlineData("""{"id": "01A", "state": ["completed"], "duration": "long"}""")]
    public void State_WhenItIsNotTold_IsUnreachable(string json) => Assert.Equal(BackendState.Unreachable, Report(json).State);

    [Fact]
    public void Pitfall34_TimingIsReadByBothNamesAndSorted()
    {
        var report = Report("""
            {"id": "01A", "state": "completed", "timing": [
              {"timestamp": "2026-01-01T11:00:09.5Z", "state": "completed"},
              {"creation_timestamp": "2026-01-01T11:00:00Z", "state": "sent"},
              {"timestamp": "2026-01-01T11:00:04Z", "state": "running"},
              {"timestamp": "not a time", "state": "queued"}]}
            """);

        Assert.Equal(Now.AddHours(-1).AddSeconds(4), report.StartedAt);
        Assert.Equal(Now.AddHours(-1).AddSeconds(9.5), report.EndedAt);
    }

    [Fact]
    public void Pitfall49_DurationIsInSeconds()
    {
        var report = Report("""
            {"id": "01A", "state": "completed", "duration": 23, "timing": [{"timestamp": "2026-01-01T11:00:00.25Z", "state": "running"}]}
            """);

        Assert.Equal(Now.AddHours(-1).AddSeconds(23.25), report.EndedAt);
    }

    [Theory]
    [InlineData("running", BackendState.Running)]
    [InlineData("queued", BackendState.Queued)]
    [InlineData("completed", BackendState.Succeeded)]
    public void Pitfall35_StateUnknown_KeepsTheLastKnownOne(string last, BackendState expected)
    {
        var report = Report($$"""
            {"id": "01A", "state": "unknown", "timing": [
              {"timestamp": "2026-01-01T11:59:00Z", "state": "unknown"},
              {"timestamp": "2026-01-01T11:58:00Z", "state": "{{last}}"}]}
            """);

        Assert.Equal(expected, report.State);
        Assert.Equal("unknown", report.Word);
        Assert.Contains($"it was last {last}", report.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Pitfall35_StateUnknown_IsGivenUpOnlyAfterItsPatience()
    {
        const string json = """{"id": "01A", "state": "unknown", "timing": [{"timestamp": "2026-01-01T11:00:01Z", "state": "unknown"}, {"timestamp": "2026-01-01T10:58:00Z", "state": "running"}]}""";

        Assert.Equal(BackendState.Running, Report(json).State);
        var givenUp = Report(json, Now.AddSeconds(1));

        Assert.Equal((BackendState.NotFound, true), (givenUp.State, givenUp.Certain));
        Assert.Contains("UnknownPatience", givenUp.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"error": {"code": 2001, "message": "Invalid", "errors": ["a", "b"]}}""", "Invalid; a; b (code 2001)")]
    [InlineData("""{"error": {"code": "2001", "message": "Invalid", "errors": {"field": ["is wrong"]}}}""", "Invalid; field: is wrong (code 2001)")]
    [InlineData("""{"error": {"message": "Invalid", "errors": "all of it"}}""", "Invalid; all of it")]
    [InlineData("""{"error": ["one", "two"]}""", "one; two")]
    [InlineData("""{"error": "just text"}""", "just text")]
    [InlineData("""{"message": "without envelope"}""", "without envelope")]
    [InlineData("""{"error": {"code": {}, "message": 7, "errors": null}}""", "")]
    [InlineData("[]", "")]
    public void Pitfall33_ErrorsOfAnyShape_AreRead(string json, string expected) => Assert.Equal(expected, PagerDutyJson.Error(JsonDocument.Parse(json).RootElement));

    [Theory]
    [InlineData("https://acme.pagerduty.com/incidents/Q1", null, "https://acme.pagerduty.com/incidents/Q1")]
    [InlineData("javascript:alert(1)", null, null)]
    [InlineData("javascript:alert(1)", "https://web.test", "https://web.test/incidents/Q1")]
    public void Url_IsTheIncidentsPage(string told, string? web, string? expected)
    {
        var json = JsonDocument.Parse("""{"id": "01A", "state": "running", "metadata": {"incident": {"id": "Q1", "html_url": "TOLD"}}}""".Replace("TOLD", told, StringComparison.Ordinal)).RootElement;

        var report = PagerDutyInvocation.Read(json)!.Report("m", Settings with { WebUrl = web is null ? null : new Uri(web) }, Now);

        Assert.Equal(expected, report.Url);
    }

    private static BackendReport Report(string json, DateTimeOffset? now = null) =>
        PagerDutyInvocation.Read(JsonDocument.Parse(json).RootElement)!.Report("m", Settings, now ?? Now);
}

using Ascob.Backends.PagerDuty;
using Ascob.Core.Backends;

namespace Ascob.Tests.Backends.PagerDuty;

public sealed class PagerDutySettingsTests
{
    [Theory]
    [InlineData("ApiToken", "", "ApiToken must be set")]
    [InlineData("ApiToken", "two words", "ApiToken must be visible")]
    [InlineData("Region", "MARS", "Region must be US or EU")]
    [InlineData("Url", "ftp://x", "Url must be an http")]
    [InlineData("IncidentId", "../x", "IncidentId must be an id")]
    [InlineData("ServiceId", "P1", "From must be the mail address")]
    [InlineData("WebUrl", "acme", "WebUrl must be an address")]
    [InlineData("UnknownPatience", "soon", "UnknownPatience must be a time")]
    [InlineData("WorkflowSucceedsAfter", "-00:00:01", "WorkflowSucceedsAfter must be a time")]
    [InlineData("AdoptSingleMatch", "perhaps", "AdoptSingleMatch must be true or false")]
    public void Settings_WhenOneIsWrong_AreRefusedWithItsKeyAndWithoutItsValue(string key, string value, string expected)
    {
        var settings = new Dictionary<string, string> { ["ApiToken"] = "secret" };
        settings[key] = value;

        var refusal = Assert.Throws<BackendConfigurationException>(() => PagerDutyWorld.Make(settings));

        Assert.Contains($"Ascob:Backends:pd:{expected}", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_WhenAnIncidentIsSharedAndOwn_AreRefused() => Assert.Throws<BackendConfigurationException>(() =>
        PagerDutyWorld.Make(new Dictionary<string, string> { ["ApiToken"] = "t", ["IncidentId"] = "Q1", ["ServiceId"] = "P1", ["From"] = "a@b.test" }));

    [Theory]
    [InlineData(null, "https://api.pagerduty.com/")]
    [InlineData("us", "https://api.pagerduty.com/")]
    [InlineData("EU", "https://api.eu.pagerduty.com/")]
    public void Region_DecidesTheAddress(string? region, string expected)
    {
        var settings = new Dictionary<string, string?> { ["ApiToken"] = "t", ["Region"] = region };
        var context = new BackendContext("pd", new BackendOptions(), settings.GetValueOrDefault, "/nowhere", new NoServices());

        Assert.Equal(expected, PagerDutySettings.Read(context).Url.AbsoluteUri);
    }

    [Theory]
    [InlineData("jobSpec.labels.pagerduty_action_id")]
    [InlineData("jobSpec.labels.pagerduty_action_id", "pagerduty_action_id", "A1", "pagerduty_workflow_id", "W1")]
    [InlineData("jobSpec.labels.pagerduty_action_id", "pagerduty_action_id", "../../users")]
    [InlineData("jobSpec.labels.pagerduty_workflow_id", "pagerduty_workflow_id", "a/b")]
    [InlineData("jobSpec.labels.pagerduty_incident_id", "pagerduty_workflow_id", "W1")]
    [InlineData("jobSpec.labels.pagerduty_incident_id", "pagerduty_action_id", "A1", "pagerduty_incident_id", "Q 1")]
    public void Validate_WhenLabelsMakeNoSense_NamesTheLabel(string field, params string[] labels)
    {
        var adapter = PagerDutyWorld.Make(new Dictionary<string, string> { ["ApiToken"] = "t", ["ServiceId"] = "P1", ["From"] = "a@b.test" });

        var errors = adapter.Validate(PagerDutyWorld.Spec([.. labels.Chunk(2).Select(l => (l[0], l[1]))]));

        Assert.Equal(field, Assert.Single(errors).Field);
    }

    [Fact]
    public void Validate_WhenTheJobHasParameters_RefusesThemInsteadOfDroppingThem()
    {
        var adapter = PagerDutyWorld.Make(new Dictionary<string, string> { ["ApiToken"] = "t", ["IncidentId"] = "Q1" });
        var some = new Dictionary<string, string> { ["a"] = "b" };

        var errors = adapter.Validate(PagerDutyWorld.Invoke() with { Parameters = some, SecretParameters = some });

        Assert.Equal(["jobSpec.parameters", "jobSpec.secretParameters"], errors.Select(e => e.Field));
    }

    private sealed class NoServices : IServiceProvider
    {
        public object? GetService(Type serviceType) => null;
    }
}

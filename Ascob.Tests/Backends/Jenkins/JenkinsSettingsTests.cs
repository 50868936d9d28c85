using Ascob.Core.Backends;
using Ascob.Demo.Jenkins;

namespace Ascob.Tests.Backends.Jenkins;

public sealed class JenkinsSettingsTests : IAsyncLifetime
{
    private JenkinsWorld _world = null!;

    public async ValueTask InitializeAsync() => _world = await JenkinsWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData("Url", null, "Url must be an http")]
    [InlineData("Url", "jenkins.example", "Url must be an http")]
    [InlineData("Url", "https://ada:canary@jenkins.example", "Url must be an http")]
    [InlineData("UserName", null, "UserName must be set")]
    [InlineData("ApiToken", null, "ApiToken must be set")]
    [InlineData("Password", "canary", "Password must be left out")]
    [InlineData("Unstable", "maybe", "Unstable must be failed or succeeded")]
    [InlineData("NotBuilt", "succeeded", "NotBuilt must be aborted or failed")]
    public void WrongSettings_AreNamedWithoutTheirSecrets(string key, string? value, string complaint)
    {
        var fault = Assert.Throws<BackendConfigurationException>(() => _world.NewAdapter((key, value)));

        Assert.StartsWith($"Ascob:Backends:jenkins-main:{complaint}", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ApiToken", "wrong", "see Ascob:Backends:jenkins-main:ApiToken")]
    [InlineData("Url", "http://127.0.0.1:1/", "see Ascob:Backends:jenkins-main:Url")]
    [InlineData("Url", "http://no-such-host.invalid/", "see Ascob:Backends:jenkins-main:Url")]
    public async Task Health_WhenASettingIsWrong_NamesIt(string key, string value, string advice)
    {
        var begun = TimeProvider.System.GetTimestamp();
        using var adapter = _world.NewAdapter((key, value));

        var health = await adapter.CheckHealthAsync(JenkinsWorld.Token);

        Assert.False(health.Healthy);
        Assert.EndsWith(advice, health.Reason, StringComparison.Ordinal);
        Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Health_WhenThePathIsWrong_NamesTheUrl()
    {
        _world.Jenkins.ContextPath = "jenkins";

        Assert.EndsWith(":Url", (await _world.Adapter.CheckHealthAsync(JenkinsWorld.Token)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_WhenSomethingElseAnswers_SaysSo()
    {
        _world.Answer("GET", "/", 200, "<html>Welcome to nginx</html>");

        var health = await _world.Adapter.CheckHealthAsync(JenkinsWorld.Token);

        Assert.StartsWith("the backend answered a page instead of data", health.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_WhenTheUserMayNotEvenLook_NamesTheRight()
    {
        _world.Jenkins.LackingRights.Add("Overall/Read");

        Assert.EndsWith("needs the right Overall/Read in Jenkins", (await _world.Adapter.CheckHealthAsync(JenkinsWorld.Token)).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/app")]
    [InlineData("app/")]
    [InlineData("team//app")]
    [InlineData("../secret")]
    [InlineData("team/./app")]
    [InlineData("app?x=1")]
    [InlineData("app#x")]
    [InlineData("a\tb")]
    public void Validate_WhenTheNameCanBeNone_NamesTheLabel(string name)
    {
        var error = Assert.Single(_world.Adapter.Validate(JenkinsWorld.Job(name).Spec));

        Assert.Equal("jobSpec.labels.jenkins_project_name", error.Field);
    }

    [Theory]
    [InlineData("token")]
    [InlineData("delay")]
    [InlineData("ASCOB_RUN")]
    public void Validate_WhenAParameterCannotBeSet_NamesIt(string name) =>
        Assert.Equal($"jobSpec.parameters.{name}", Assert.Single(_world.Adapter.Validate(JenkinsWorld.Job("app", (name, "1")).Spec)).Field);

    [Fact]
    public async Task Pitfall50_Secrets_StandInNoTextOfTheSettingsAndNoAddress()
    {
        var targets = new List<string>();
        _world.Jenkins.Before = context =>
        {
            targets.Add(context.Request.Path + context.Request.QueryString.ToString());
            return Task.FromResult(false);
        };
        _world.Jenkins.AddMarked("app").With("A");

        await _world.AcceptedAsync("app", ("A", "canary-value"));

        Assert.NotEmpty(targets);
        Assert.All(targets, t => Assert.DoesNotContain("canary", t, StringComparison.Ordinal));
        Assert.All(targets, t => Assert.DoesNotContain(PretendJenkins.Token, t, StringComparison.Ordinal));
    }
}

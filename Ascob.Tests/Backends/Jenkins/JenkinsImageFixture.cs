using System.Text;
using Ascob.Tests.Fixtures;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Containers;

[assembly: AssemblyFixture(typeof(Ascob.Tests.Backends.Jenkins.JenkinsImageFixture))]

namespace Ascob.Tests.Backends.Jenkins;

/// <summary>A real Jenkins without plug-ins: free-style jobs that run <c>/bin/sh</c>, and a user with a token.</summary>
public sealed class JenkinsImageFixture : ProductContainer
{
    public const string User = "ascob";

    // Jenkins takes fixed tokens of this form only: the version, then 32 hexadecimal digits.
    public const string Token = "1100112233445566778899aabbccddeeff";

    private const string Setup = $$"""
        import hudson.model.*
        import hudson.security.*
        import hudson.tasks.Shell
        import jenkins.model.Jenkins
        import jenkins.security.ApiTokenProperty

        def jenkins = Jenkins.get()
        def realm = new HudsonPrivateSecurityRealm(false)
        jenkins.setSecurityRealm(realm)
        def rights = new FullControlOnceLoggedInAuthorizationStrategy()
        rights.setAllowAnonymousRead(false)
        jenkins.setAuthorizationStrategy(rights)
        jenkins.setNumExecutors(4)
        jenkins.setQuietPeriod(0)

        def user = realm.createAccount('{{User}}', 'a-password-that-nobody-uses')
        user.getProperty(ApiTokenProperty).tokenStore.addFixedNewToken('tests', '{{Token}}')
        user.save()

        def add = { name, script ->
            def job = jenkins.createProject(FreeStyleProject, name)
            job.addProperty(new ParametersDefinitionProperty(
                new StringParameterDefinition('ASCOB_RUN', ''), new StringParameterDefinition('GREETING', 'nobody')))
            job.setConcurrentBuild(true)
            job.buildersList.add(new Shell(script))
            job.save()
        }
        add('short', 'echo "hello $GREETING"')
        add('long', 'sleep 600')
        jenkins.save()
        """;

    /// <inheritdoc/>
    protected override ushort Port => 8080;

    /// <inheritdoc/>
    protected override IContainer Build() => new ContainerBuilder("jenkins/jenkins:lts-jdk21")
        .WithEnvironment("JAVA_OPTS", "-Djenkins.install.runSetupWizard=false -Xmx512m")
        .WithResourceMapping(Encoding.UTF8.GetBytes(Setup), "/usr/share/jenkins/ref/init.groovy.d/ascob.groovy")
        .WithPortBinding(Port, assignRandomHostPort: true)
        .WithWaitStrategy(Wait.ForUnixContainer().UntilHttpRequestIsSucceeded(r => r.ForPort(Port).ForPath("/login")))
        .Build();
}

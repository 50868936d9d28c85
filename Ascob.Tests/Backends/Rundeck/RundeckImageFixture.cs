using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Ascob.Tests.Fixtures;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Containers;

[assembly: AssemblyFixture(typeof(Ascob.Tests.Backends.Rundeck.RundeckImageFixture))]

namespace Ascob.Tests.Backends.Rundeck;

/// <summary>A real Rundeck with one project and two jobs that run on its own node.</summary>
public sealed class RundeckImageFixture : ProductContainer
{
    public const string Project = "ascob";
    public const string ShortJob = "11111111-0000-4000-8000-000000000001";
    public const string LongJob = "11111111-0000-4000-8000-000000000002";
    private const string Api = "/api/41";

    private static readonly string Jobs = $$"""
        - id: {{ShortJob}}
          uuid: {{ShortJob}}
          name: short
          group: team
          description: prints a greeting
          loglevel: INFO
          multipleExecutions: true
          options:
            - name: ASCOB_RUN
            - name: GREETING
          sequence:
            keepgoing: false
            strategy: node-first
            commands:
              - script: |
                  echo "hello $RD_OPTION_GREETING"
        - id: {{LongJob}}
          uuid: {{LongJob}}
          name: long
          group: team
          description: stays
          loglevel: INFO
          multipleExecutions: true
          options:
            - name: ASCOB_RUN
          sequence:
            keepgoing: false
            strategy: node-first
            commands:
              - exec: sleep 600
        """;

    /// <summary>Gets the token of the administrator.</summary>
    public string AuthToken { get; private set; } = string.Empty;

    /// <inheritdoc/>
    protected override ushort Port => 4440;

    /// <inheritdoc/>
    protected override IContainer Build() => new ContainerBuilder("rundeck/rundeck:5.8.0")
        .WithPortBinding(Port, assignRandomHostPort: true)
        .WithWaitStrategy(Wait.ForUnixContainer().UntilHttpRequestIsSucceeded(r => r.ForPort(Port).ForPath("/user/login")))
        .Build();

    /// <inheritdoc/>
    protected override async Task PrepareAsync()
    {
        // A token is made by a person who has signed in; a form and a cookie are how that is done.
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, CookieContainer = new CookieContainer() }) { BaseAddress = Url };
        http.DefaultRequestHeaders.Accept.ParseAdd("application/json");
        using (await http.GetAsync(new Uri("/user/login", UriKind.Relative)))
        {
        }

        using var form = new FormUrlEncodedContent(new Dictionary<string, string> { ["j_username"] = "admin", ["j_password"] = "admin" });
        using (await http.PostAsync(new Uri("/j_security_check", UriKind.Relative), form))
        {
        }

        using var token = await http.PostAsJsonAsync($"{Api}/tokens/admin", new { user = "admin", roles = (string[])["*"], duration = "1d" });
        token.EnsureSuccessStatusCode();
        AuthToken = (await token.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("token").GetString()!;
        http.DefaultRequestHeaders.Add("X-Rundeck-Auth-Token", AuthToken);
        using var project = await http.PostAsJsonAsync($"{Api}/projects", new { name = Project });
        project.EnsureSuccessStatusCode();
        using var jobs = new StringContent(Jobs, Encoding.UTF8, "application/yaml");
        using var imported = await http.PostAsync(new Uri($"{Api}/project/{Project}/jobs/import?fileformat=yaml&uuidOption=preserve", UriKind.Relative), jobs);
        imported.EnsureSuccessStatusCode();
        var answer = await imported.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(2, answer.GetProperty("succeeded").GetArrayLength());
    }
}

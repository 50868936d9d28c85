using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Ascob.Tests.Server.RepositoryJobs;

/// <summary>A host of one Git repository over HTTP or TLS on the loopback, with Git's own program behind it and Basic authentication before it.</summary>
internal sealed class GitHttpHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string _folder;

    private GitHttpHost(WebApplication app, string folder)
    {
        _app = app;
        _folder = folder;
    }

    public const string User = "reader";

    public const string Password = "pass/word+of=tests";

    /// <summary>Gets the address of the repository.</summary>
    public string Url => $"{_app.Urls.First().Replace("127.0.0.1", "localhost", StringComparison.Ordinal)}/jobs.git";

    /// <summary>Gets how many requests came with a wrong or no password.</summary>
    public int Refused => _refused;

    /// <summary>Gets or sets where requests are sent on to instead; null for nowhere.</summary>
    public string? SendsOnTo { get; set; }

    /// <summary>Gets the value of each Authorization header that came.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<string> SignedIn { get; } = new();

    private int _refused;

    public static async Task<GitHttpHost> StartAsync(string folder, X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, l =>
        {
            if (certificate is not null)
            {
                l.UseHttps(certificate);
            }
        }));
        var app = builder.Build();
        var host = new GitHttpHost(app, folder);
        app.Run(host.ServeAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return host;
    }

    /// <summary>Makes an authority and a certificate that it has signed for localhost; answers that of the host and the authority's as PEM.</summary>
    public static (X509Certificate2 Host, string Authority) Certificates(string name = "localhost")
    {
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authority = new CertificateRequest("CN=authority of the tests", authorityKey, HashAlgorithmName.SHA256);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        authority.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        var now = TimeProvider.System.GetUtcNow();
        using var root = authority.CreateSelfSigned(now.AddDays(-1), now.AddDays(2));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        using var signed = request.Create(root, now.AddDays(-1), now.AddDays(1), [1, 2, 3, 4]);
        using var own = signed.CopyWithPrivateKey(key);
        return (X509CertificateLoader.LoadPkcs12(own.Export(X509ContentType.Pfx), null), root.ExportCertificatePem());
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }

    private async Task ServeAsync(HttpContext context)
    {
        if (context.Request.Headers.Authorization is [{ } authorization])
        {
            SignedIn.Enqueue(authorization);
        }

        if (SendsOnTo is { } other)
        {
            context.Response.Redirect($"{other}{context.Request.Path.Value!.Replace("/jobs.git", string.Empty, StringComparison.Ordinal)}{context.Request.QueryString}");
            return;
        }

        var expected = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}"));
        if (!AuthenticationHeaderValue.TryParse(context.Request.Headers.Authorization, out var given) || given.Parameter != expected)
        {
            Interlocked.Increment(ref _refused);
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"git\"";
            return;
        }

        await RunAsync(context);
    }

    private async Task RunAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var start = new ProcessStartInfo("git", ["http-backend"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["GIT_PROJECT_ROOT"] = _folder;
        start.Environment["GIT_HTTP_EXPORT_ALL"] = "1";
        start.Environment["GIT_CONFIG_COUNT"] = "1";
        start.Environment["GIT_CONFIG_KEY_0"] = "safe.directory";
        start.Environment["GIT_CONFIG_VALUE_0"] = "*";
        start.Environment["PATH_INFO"] = context.Request.Path.Value!.Replace("/jobs.git", "/.git", StringComparison.Ordinal);
        start.Environment["QUERY_STRING"] = context.Request.QueryString.Value?.TrimStart('?');
        start.Environment["REQUEST_METHOD"] = context.Request.Method;
        start.Environment["CONTENT_TYPE"] = context.Request.ContentType;
        start.Environment["CONTENT_LENGTH"] = body.Length.ToString(CultureInfo.InvariantCulture);
        start.Environment["HTTP_CONTENT_ENCODING"] = context.Request.Headers.ContentEncoding;
        start.Environment["REMOTE_USER"] = User;
        using var git = Process.Start(start)!;
        var errors = git.StandardError.ReadToEndAsync(context.RequestAborted);
        await git.StandardInput.BaseStream.WriteAsync(body.ToArray(), context.RequestAborted);
        git.StandardInput.Close();
        using var answer = new MemoryStream();
        await git.StandardOutput.BaseStream.CopyToAsync(answer, context.RequestAborted);
        await git.WaitForExitAsync(context.RequestAborted);
        await errors;
        var bytes = answer.ToArray();
        var end = bytes.AsSpan().IndexOf("\r\n\r\n"u8);
        foreach (var line in Encoding.ASCII.GetString(bytes, 0, end).Split("\r\n"))
        {
            var (name, value) = (line[..line.IndexOf(':', StringComparison.Ordinal)], line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim());
            if (name == "Status")
            {
                context.Response.StatusCode = int.Parse(value.Split(' ')[0], CultureInfo.InvariantCulture);
            }
            else
            {
                context.Response.Headers[name] = value;
            }
        }

        await context.Response.Body.WriteAsync(bytes.AsMemory(end + 4), context.RequestAborted);
    }
}

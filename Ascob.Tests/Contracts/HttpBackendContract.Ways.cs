using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Ascob.Core.Backends;

namespace Ascob.Tests.Contracts;

/// <summary>Ways that lead nowhere: nothing can have been sent, and a person is told which setting to mend.</summary>
public abstract partial class HttpBackendContract
{
    [Fact]
    public async Task Submit_WhenTheHostIsDead_IsNotNowWithinSeconds()
    {
        var begun = Stopwatch.GetTimestamp();

        var outcome = await Another(DeadUrl()).SubmitAsync(Job(ShortJob), Token);

        Assert.True(outcome.Kind == SubmitOutcomeKind.NotNow, $"{outcome.Kind}: {outcome.Reason}");
        Readable(outcome.Reason);
        Assert.True(Stopwatch.GetElapsedTime(begun) < Soon);
    }

    [Fact]
    public async Task Submit_WhenTheCertificateIsNotTrusted_IsNotNowWithThatReason_AndNothingIsSent()
    {
        await using var host = new UntrustedHost();
        var begun = Stopwatch.GetTimestamp();

        var outcome = await Another(host.Url).SubmitAsync(Job(ShortJob), Token);
        var health = await Another(host.Url).CheckHealthAsync(Token);

        Assert.True(outcome.Kind == SubmitOutcomeKind.NotNow, $"{outcome.Kind}: {outcome.Reason}");
        Readable(outcome.Reason);
        Assert.Contains("certificate", outcome.Reason, StringComparison.Ordinal);
        Assert.False(health.Healthy);
        Readable(health.Reason);
        Assert.Contains("certificate", health.Reason, StringComparison.Ordinal);
        Assert.Contains("Ascob:Backends:", health.Reason, StringComparison.Ordinal);
        Assert.Equal((0, 2), (host.Bytes, host.Connections));
        Assert.True(Stopwatch.GetElapsedTime(begun) < Soon);
    }

    [Fact]
    public async Task Submit_WhenTheHostSpeaksNoTls_IsNotNow()
    {
        var outcome = await Another(new UriBuilder(Product.Url) { Scheme = "https" }.Uri).SubmitAsync(Job(ShortJob), Token);

        Assert.True(outcome.Kind == SubmitOutcomeKind.NotNow, $"{outcome.Kind}: {outcome.Reason}");
        Readable(outcome.Reason);
        Assert.Contains("secure connection", outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_WhenTheCredentialsAreRefused_IsNotNowAndNothingIsStarted()
    {
        var job = Job(ShortJob);

        var outcome = await Another(wrongCredentials: true).SubmitAsync(job, Token);

        Assert.True(outcome.Kind == SubmitOutcomeKind.NotNow, $"{outcome.Kind}: {outcome.Reason}");
        Readable(outcome.Reason);
        Assert.Equal(0, Started(job.Marker));
    }

    [Fact]
    public async Task Health_WhenTheHostIsDead_NamesTheSetting()
    {
        var health = await Another(DeadUrl()).CheckHealthAsync(Token);

        Assert.False(health.Healthy);
        Readable(health.Reason);
        Assert.Contains("Ascob:Backends:", health.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_WhenTheCredentialsAreRefused_NamesTheSetting()
    {
        var health = await Another(wrongCredentials: true).CheckHealthAsync(Token);

        Assert.False(health.Healthy);
        Readable(health.Reason);
        Assert.Contains("Ascob:Backends:", health.Reason, StringComparison.Ordinal);
    }

    private static Uri DeadUrl()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/");
    }
}

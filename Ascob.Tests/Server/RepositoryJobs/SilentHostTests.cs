using System.Net;
using System.Net.Sockets;
using Ascob.Server.Configuration;
using Ascob.Server.Repository;
using Microsoft.Extensions.Options;

namespace Ascob.Tests.Server.RepositoryJobs;

/// <summary>A host of the repository that takes connections and says nothing.</summary>
public sealed class SilentHostTests : OverseerApi
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task JobsOfCommitsThatAreHere_AreRunAllTheSame()
    {
        using var host = new SilentHost();
        await ApplyAsync(("a.yml", "- command: cat a.yml"));
        Assert.Equal("- command: cat a.yml", await OutputAsync("a"));
        await Server.App.StopAsync(Cancel);
        await Server.App.DisposeAsync();
        Assert.True(CheckoutWriter.TryDelete(Path.Combine(Server.DataDirectory, "repository", "checkouts")));

        Server = await StartAsync("--Ascob:DataDirectory", Server.DataDirectory, "--urls", Server.Url.ToString(), "--Ascob:Repository:Url", host.Url);
        await host.UntilAsync(1, Soon);

        // One commit of which nobody knows here, and which only the host could bring.
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var absent = Server.Get<Checkouts>().OpenAsync(new string('a', 40), giveUp.Token);

        // Nothing but the network waits for the host.
        Assert.Equal("- command: cat a.yml", await OutputAsync("a").WaitAsync(Soon, Cancel));
        Assert.False(absent.IsCompleted);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => absent);
    }

    [Fact]
    public async Task ItIsAskedAgain_WhatsoeverHangs()
    {
        const int looks = 6;
        using var host = new SilentHost();
        var directory = Directory.CreateTempSubdirectory("ascob-silent-").FullName;
        using var source = new GitSource(
            Options.Create(new RepositoryOptions { Url = host.Url, Timeout = TimeSpan.FromMilliseconds(500) }), Options.Create(new AscobOptions { DataDirectory = directory }), TimeProvider.System);

        for (var look = 1; look <= looks; look++)
        {
            var refused = await Assert.ThrowsAsync<GitException>(() => source.LookAsync(Cancel).WaitAsync(Soon, Cancel));
            Assert.DoesNotContain("earlier call", refused.Message, StringComparison.Ordinal);
        }

        await host.UntilAsync(looks, Soon);
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public void TheLibrary_IsToldHowLongAnAnswerMayTake()
    {
        using var repository = new LibGit2Sharp.Repository(Git.Path);

        Assert.True(GitTimeouts.Set(TimeSpan.FromMinutes(2)));
    }

    private sealed class SilentHost : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly List<TcpClient> _clients = [];
        private readonly Task _accepting;

        public SilentHost()
        {
            _listener.Start();
            _accepting = AcceptAsync();
        }

        public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/jobs.git";

        public async Task UntilAsync(int connections, TimeSpan longest)
        {
            var begun = TimeProvider.System.GetTimestamp();
            while (Count() < connections)
            {
                Assert.True(TimeProvider.System.GetElapsedTime(begun) < longest, $"Of {connections} connections {Count()} came.");
                await Task.Delay(20, Cancel);
            }
        }

        public void Dispose()
        {
            _listener.Dispose();
            lock (_clients)
            {
                _clients.ForEach(c => c.Dispose());
            }

            _accepting.ContinueWith(static t => t.Exception, TaskScheduler.Default);
        }

        private int Count()
        {
            lock (_clients)
            {
                return _clients.Count;
            }
        }

        private async Task AcceptAsync()
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync();
                lock (_clients)
                {
                    _clients.Add(client);
                }
            }
        }
    }
}

using System.Globalization;
using Ascob.Core.Jobs;
using Ascob.Demo;
using Ascob.Demo.Jenkins;
using Ascob.Demo.PagerDuty;
using Ascob.Demo.Rundeck;
using Microsoft.AspNetCore.Http;

namespace Ascob.Bench.Chaos;

/// <summary>
/// A pretend Jenkins, Rundeck and PagerDuty in this process, which go on while the server is killed, count what was really started, and harm submissions on their way.
/// </summary>
internal sealed class PretendProducts : IAsyncDisposable
{
    /// <summary>How long a doubt waits before a job is sent again: longer than anything here is late.</summary>
    private static readonly TimeSpan DoubtWait = TimeSpan.FromSeconds(10);

    // Spread over many jobs, so that none has a longer history than a real one.
    private const int Jobs = 50;

    private readonly Product[] _products;

    private PretendProducts(Product[] products) => _products = products;

    private static TimeSpan Short => TimeSpan.FromMilliseconds(200);

    public static async Task<PretendProducts> StartAsync(int seed, CancellationToken cancellationToken)
    {
        var products = new PretendProducts([Jenkins(), Rundeck(), PagerDuty()]);
        foreach (var (product, n) in products._products.Select((p, n) => (p, n)))
        {
            await product.Server.StartAsync(cancellationToken: cancellationToken);
            product.Faults = new SubmissionFaults(product.Server, product.IsSubmission, unchecked((seed * 3) + n));
            product.Server.Before = product.Faults.HarmAsync;
        }

        return products;
    }

    /// <summary>Answers the settings of the server that make them its backends.</summary>
    /// <param name="naive">Whether a lost submission is sent again at once, however late it may still arrive: proves that this harness can see a double.</param>
    public Dictionary<string, string> Settings(bool naive)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var product in _products)
        {
            Dictionary<string, string> own = new(product.Settings, StringComparer.Ordinal)
            {
                ["Type"] = product.Type,
                ["Url"] = product.Server.Url.AbsoluteUri,
                ["DoubtWait"] = (naive ? TimeSpan.Zero : DoubtWait).ToString("c", CultureInfo.InvariantCulture),
                ["Poll__Initial"] = "00:00:00.2",
                ["Poll__Max"] = "00:00:01",
                ["Resilience__Timeout"] = "00:00:05",

                // Some faults are meant; the circuit has tests of its own.
                ["Resilience__FailuresBeforeBreak"] = "1000",
            };
            foreach (var (key, value) in own)
            {
                settings[$"Ascob__Backends__{product.Id}__{key}"] = value;
            }
        }

        return settings;
    }

    /// <summary>Leads the n-th job to one of them.</summary>
    public static JobSpecBuilder Job(JobSpecBuilder spec, int n) => (n % 3) switch
    {
        0 => spec.WithLabel("jenkins_project_name", Name("chaos/job-", n / 3 % Jobs)),
        1 => spec.WithLabel("rundeck_job_id", Name("job-", n / 3 % Jobs)),
        _ => spec.WithLabel("pagerduty_action_id", Name("ACTION", n / 3 % Jobs)),
    };

    /// <summary>Waits for what is still late, then adds what each product counted.</summary>
    public async Task CheckAsync(ChaosVerdict verdict, CancellationToken cancellationToken)
    {
        var starts = 0;
        var doubles = new List<string>();
        foreach (var product in _products)
        {
            await product.Faults!.SettleAsync(cancellationToken);
            var started = product.Started();
            starts += started.Count;
            verdict.Fact($"started by {product.Type}", $"{started.Count} markers; {product.Faults.Describe()}");
            doubles.AddRange(started.Where(s => s.Value > 1).Select(s => $"{product.Type}: {s.Key} {s.Value} times"));
        }

        verdict.Never(ChaosChecks.MarkerStartedTwice, doubles);
        verdict.Fact("markers started at the products", $"{starts}");
        Starts = starts;
    }

    /// <summary>Gets how many markers were started; known after <see cref="CheckAsync"/>.</summary>
    public int Starts { get; private set; }

    public async ValueTask DisposeAsync()
    {
        foreach (var product in _products)
        {
            product.Faults?.Dispose();
            await product.Server.DisposeAsync();
        }
    }

    private static Product Jenkins()
    {
        var server = new PretendJenkins(TimeProvider.System) { QueueTime = Short, QuietPeriod = Short };
        foreach (var n in Enumerable.Range(0, Jobs))
        {
            server.AddMarked(Name("chaos/job-", n)).RunTime = Short;
        }

        return new Product("jenkins", "Jenkins", server, () => server.Started)
        {
            Settings = new Dictionary<string, string> { ["UserName"] = PretendJenkins.User, ["ApiToken"] = PretendJenkins.Token },
            IsSubmission = r => HttpMethods.IsPost(r.Method) && r.Path.Value!.Contains("/build", StringComparison.Ordinal),
        };
    }

    private static Product Rundeck()
    {
        var server = new PretendRundeck(
            TimeProvider.System,
            [.. Enumerable.Range(0, Jobs).Select(n => new PretendRundeckJob(Name("job-", n), "chaos", Name("job ", n)) { Queued = Short, Takes = Short })]);
        return new Product("rundeck", "Rundeck", server, () => server.Started)
        {
            Settings = new Dictionary<string, string> { ["AuthToken"] = server.AuthToken },
            IsSubmission = r => HttpMethods.IsPost(r.Method) && r.Path.Value!.EndsWith("/run", StringComparison.Ordinal),
        };
    }

    private static Product PagerDuty()
    {
        var server = new PretendPagerDuty(TimeProvider.System) { RequestsPerMinute = int.MaxValue };
        foreach (var n in Enumerable.Range(0, Jobs))
        {
            server.AddAction(Name("ACTION", n), Name("action ", n), Short, Short);
        }

        return new Product("pagerduty", "PagerDuty", server, () => server.StartedByKey)
        {
            Settings = new Dictionary<string, string> { ["ApiToken"] = PretendPagerDuty.DefaultToken, ["ServiceId"] = "PCHAOS", ["From"] = "chaos@ascob.example" },
            IsSubmission = r => HttpMethods.IsPost(r.Method) && r.Path.Value!.EndsWith("/invocations", StringComparison.Ordinal),
        };
    }

    private static string Name(string what, int n) => string.Create(CultureInfo.InvariantCulture, $"{what}{n}");

    private sealed record Product(string Id, string Type, PretendServer Server, Func<IReadOnlyDictionary<string, int>> Started)
    {
        public required IReadOnlyDictionary<string, string> Settings { get; init; }

        public required Func<HttpRequest, bool> IsSubmission { get; init; }

        public SubmissionFaults? Faults { get; set; }
    }
}

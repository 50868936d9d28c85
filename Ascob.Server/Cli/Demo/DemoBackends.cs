using Ascob.Core.Runs;
using Ascob.Demo.Jenkins;
using Ascob.Demo.PagerDuty;
using Ascob.Demo.Rundeck;

namespace Ascob.Server.Cli.Demo;

/// <summary>What the demo shows: a further pretend product is one line in <see cref="All"/> and one method.</summary>
internal static class DemoBackends
{
    public static IReadOnlyList<DemoBackend> All(TimeProvider time) =>
    [
        Jenkins(time),
        Rundeck(time),
        PagerDuty(time),
        Dummy(),
    ];

    private static DemoBackend Jenkins(TimeProvider time)
    {
        var server = new PretendJenkins(time);
        var job = server.AddMarked("shop/deploy").With("VERSION");
        job.Log = "deploying version 1.2\nsmoke test passed\n";
        return new DemoBackend("jenkins-demo", "Jenkins", server)
        {
            Settings = new Dictionary<string, string> { ["UserName"] = PretendJenkins.User, ["ApiToken"] = PretendJenkins.Token },
            Jobs =
            [
                new DemoJob("deploy the shop", Label("jenkins_project_name", "shop/deploy")) { Parameters = new Dictionary<string, string> { ["VERSION"] = "1.2" } },
            ],
        };
    }

    private static DemoBackend Rundeck(TimeProvider time)
    {
        var server = new PretendRundeck(time, new PretendRundeckJob("d3b0", "ops", "clear caches")
        {
            Queued = TimeSpan.FromSeconds(0.5),
            Takes = TimeSpan.FromSeconds(2),
            Output = ["12 caches cleared"],
        });
        return new DemoBackend("rundeck-demo", "Rundeck", server)
        {
            Settings = new Dictionary<string, string> { ["AuthToken"] = server.AuthToken },
            Jobs =
            [
                new DemoJob("clear the caches", new Dictionary<string, string> { ["rundeck_project_name"] = "ops", ["rundeck_job_name"] = "clear caches" }),
            ],
        };
    }

    private static DemoBackend PagerDuty(TimeProvider time)
    {
        var server = new PretendPagerDuty(time);
        var queue = TimeSpan.FromSeconds(0.5);
        server.AddAction("RESTART", "restart the web tier", queue, TimeSpan.FromSeconds(2));
        server.AddAction("ROTATE", "rotate the certificates", queue, TimeSpan.FromSeconds(2), "error");
        server.AddAction("FAILOVER", "fail over the database", queue, TimeSpan.FromSeconds(4));

        // The action is invoked, and its answer never arrives: what a restarted load balancer does.
        var lost = 1;
        server.Fault = request => request.EndsWith("/FAILOVER/invocations", StringComparison.Ordinal) && Interlocked.Exchange(ref lost, 0) == 1
            ? PretendFault.DropAfter
            : PretendFault.None;
        return new DemoBackend("pagerduty-demo", "PagerDuty", server)
        {
            Settings = new Dictionary<string, string>
            {
                ["ApiToken"] = PretendPagerDuty.DefaultToken,
                ["ServiceId"] = "PDEMO",
                ["From"] = "demo@ascob.example",
            },
            Jobs =
            [
                new DemoJob("restart the web tier", Label("pagerduty_action_id", "RESTART")),
                new DemoJob("fail over the database; the answer gets lost", Label("pagerduty_action_id", "FAILOVER")),
                new DemoJob("rotate the certificates; it fails", Label("pagerduty_action_id", "ROTATE"), RunStatus.Failed),
            ],
        };
    }

    private static DemoBackend Dummy() => new("dummyBackend", "Dummy", null)
    {
        Jobs =
        [
            new DemoJob("print a report", new Dictionary<string, string>
            {
                ["_execution_backend_id"] = "dummyBackend",
                ["dummy_run_ms"] = "1500",
                ["dummy_output"] = "checked 12 hosts\nall is well\n",
            }),
        ],
    };

    private static Dictionary<string, string> Label(string key, string value) => new(StringComparer.Ordinal) { [key] = value };
}

using static Ascob.Server.Configuration.Rules;
using static Ascob.Server.Configuration.SettingNode;

namespace Ascob.Server.Configuration;

/// <summary>Every setting below <c>Ascob</c> with what its value may be. A key that is not here stops the start: it is a slip of the pen.</summary>
internal static class KnownSettings
{
    private static readonly TimeSpan Zero = TimeSpan.Zero;
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private static readonly TimeSpan Years = TimeSpan.FromDays(36500);

    public static SettingNode Root { get; } = Section(
        ("DataDirectory", Value(Text)),
        ("PublicUrl", Value(Url)),
        ("ServerName", Value(Name)),
        ("TrustedProxies", Map(Value(Network))),
        ("ShutdownDelay", Value(Duration(Zero, TimeSpan.FromMinutes(5)))),
        ("Database", Section(
            ("Provider", Value(OneOf("Sqlite", "PostgreSql", "SqlServer"))),
            ("ConnectionString", Value(Text)),
            ("LongestWait", Value(Duration(Short, Day))),
            ("StartWait", Value(Duration(Zero, Day))),
            ("WriteQueue", Value(Number(1, 1_000_000))))),
        ("Contents", Section(
            ("Store", Value(OneOf("Auto", "Disk", "Database"))),
            ("Directory", Value(Text)),
            ("CacheBytes", Value(Number(1 << 20, 1L << 50))))),
        ("Engine", Section(
            ("Lease", Value(Duration(TimeSpan.FromSeconds(1), Day))),
            ("Heartbeat", Value(Duration(Short, Day))),
            ("VanishedAfter", Value(Duration(Short, Years))),
            ("ForgetServersAfter", Value(Duration(TimeSpan.FromMinutes(10), Years))),
            ("SweepInterval", Value(Duration(Short, Day))),
            ("WaitRecheck", Value(Duration(Short, Day))),
            ("PriorityStep", Value(Duration(Zero, Day))),
            ("LostAfter", Value(Duration(Short, Years))),
            ("MaxQueuedSubmissions", Value(Number(1, 1_000_000))))),
        ("Hangfire", Section(
            ("Storage", Value(OneOf("InMemory", "Database"))),
            ("WorkerCount", Value(Number(1, 1000))))),
        ("Demo", Section(("PretendBackends", Value(Flag)))),
        ("Locks", Section(
            ("Provider", Value(OneOf("Database", "Consul"))),
            ("Consul", Section(
                ("Url", Value(Url)),
                ("Token", Value(Any)),
                ("KeyPrefix", Value(ConsulPrefix)),
                ("SessionTtl", Value(Duration(TimeSpan.FromSeconds(1), Day))),
                ("LockDelay", Value(Duration(Zero, TimeSpan.FromSeconds(60)))),
                ("Timeout", Value(Duration(TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1)))),
                ("Tls", Section(
                    ("CaFile", Value(Text)),
                    ("CertificateFile", Value(Text)),
                    ("KeyFile", Value(Text)))))))),
        ("Security", Section(
            ("RootToken", Value(Any)),
            ("Tokens", Section(
                ("Webhook", Map(Value(Any))),
                ("JobManager", Map(Value(Any))))),
            ("MetricsOpen", Value(Flag)),
            ("MaxFailuresPerMinute", Value(Number(1, 1_000_000))),
            ("SessionLifetime", Value(Duration(TimeSpan.FromMinutes(1), TimeSpan.FromDays(30)))),
            ("EncryptionKey", Value(Any)),
            ("ReplaceEncryptionKey", Value(Flag)))),
        ("Kuroko2", Section(
            ("Applications", Map(Value(Secret), Name)),
            ("StatsOpen", Value(Flag)),
            ("CustomTasks", Map(Value(Text), TaskName)),
            ("WebhookSecret", Value(Text)),
            ("SlackWebhookUrl", Value(Url)),
            ("MailTo", Value(MailAddress)),
            ("TimeZone", Value(Zone)))),
        ("Limits", Section(
            ("MaxFileBytes", Value(Number(1, 1L << 50))),
            ("MaxOutputBytes", Value(Number(1024, 1L << 40))),
            ("MaxBodyBytes", Value(Number(1024, 1L << 30))),
            ("ManualStartDeadline", Value(Duration(TimeSpan.FromMinutes(1), Years))),
            ("MaxCallbackEvents", Value(Number(1, 1_000_000))),
            ("MaxCallbackMessage", Value(Number(1, 1 << 20))),
            ("MaxCatalogue", Value(Number(1, 100_000))))),
        ("Notifications", Section(
            ("Timeout", Value(Duration(TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5)))),
            ("MaxConcurrentPerReceiver", Value(Number(1, 100))),
            ("MaxReceiversAtOnce", Value(Number(1, 1000))),
            ("FirstRetry", Value(Duration(TimeSpan.FromMilliseconds(100), Day))),
            ("LongestRetry", Value(Duration(TimeSpan.FromSeconds(1), TimeSpan.FromDays(30)))),
            ("GiveUpAfter", Value(Duration(TimeSpan.FromSeconds(1), TimeSpan.FromDays(365)))),
            ("KeepDelivered", Value(Duration(Zero, Years))),
            ("KeepDead", Value(Duration(TimeSpan.FromMinutes(1), Years))),
            ("AllowedInternal", Map(Value(Host))),
            ("Mail", Section(
                ("Host", Value(Text)),
                ("Port", Value(Number(1, 65535))),
                ("Security", Value(OneOf("StartTls", "Tls", "None"))),
                ("UserName", Value(Text)),
                ("Password", Value(Any)),
                ("From", Value(Text)))))),
        ("Retention", Section(("Runs", Value(Duration(Zero, Years))))),
        ("Schedules", Section(
            ("Enabled", Value(Flag)),
            ("MissedAfter", Value(Duration(TimeSpan.FromSeconds(5), TimeSpan.FromHours(1)))),
            ("Lease", Value(Duration(TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(10)))),
            ("RetryFor", Value(Duration(Zero, Day))),
            ("KeepTicks", Value(Duration(Zero, TimeSpan.FromDays(3650)))),
            ("BatchSize", Value(Number(1, 1000))),
            ("Parallelism", Value(Number(1, 256))))),
        ("Repository", Section(
            ("Url", Value(GitUrl)),
            ("Branch", Value(Text)),
            ("Path", Value(RelativePath)),
            ("Username", Value(Text)),
            ("Password", Value(Any)),
            ("Token", Value(Any)),
            ("CaFile", Value(Text)),
            ("SshCommand", Value(Text)),
            ("MaxFetchBytes", Value(Number(1 << 20, 1L << 50))),
            ("PollInterval", Value(Duration(Zero, Day))),
            ("Timeout", Value(Duration(TimeSpan.FromSeconds(1), Day))),
            ("AutoApply", Value(Flag)),
            ("WebhookSecret", Value(Secret)),
            ("HookSecret", Value(HookSecret)),
            ("PreviousHookSecret", Value(HookSecret)),
            ("Backend", Value(Name)),
            ("KeepCheckouts", Value(Duration(Zero, Years))))),
        ("Backends", Map(Backend(("Type", Value(Text))), Name)),
        ("Worker", Backend(("Name", Value(Name)))));

    private static SettingNode Backend((string Name, SettingNode Node) own) => OpenSection(
        own,
        ("Labels", Map(Value(Any))),
        ("MaxConcurrentRuns", Value(Number(1, 1_000_000))),
        ("Weight", Value(Number(1, 1000))),
        ("SubmitDeadline", Value(Duration(Short, Years))),
        ("DoubtWait", Value(Duration(Zero, Years))),
        ("TrustCallbacks", Value(Flag)),
        ("Callbacks", Value(Flag)),
        ("CallbackSecret", Value(Secret)),
        ("StopGrace", Value(Duration(Zero, Day))),
        ("Poll", Section(
            ("Initial", Value(Duration(Short, Day))),
            ("Max", Value(Duration(Short, Day))),
            ("BatchSize", Value(Number(1, 1000))))),
        ("Resilience", Section(
            ("Timeout", Value(Duration(Short, Day))),
            ("MaxConcurrentCalls", Value(Number(1, 1000))),
            ("FailuresBeforeBreak", Value(Number(1, 1000))),
            ("BreakDuration", Value(Duration(Short, Day))))));
}

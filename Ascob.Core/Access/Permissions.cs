namespace Ascob.Core.Access;

/// <summary>The words a token can hold. Each route needs one; a test walks all routes.</summary>
public static class Permissions
{
    /// <summary>Submit runs, and ask how they would be routed.</summary>
    public const string JobSubmit = "job_submit";

    /// <summary>Release manual-start runs, and submit such runs.</summary>
    public const string JobRunManualStart = "job_run_manual_start";

    /// <summary>Submit a run again.</summary>
    public const string JobRunResubmit = "job_run_resubmit";

    /// <summary>Attach input files.</summary>
    public const string JobRunUploadFiles = "job_run_upload_files";

    /// <summary>Stop runs.</summary>
    public const string JobRunAbort = "job_run_abort";

    /// <summary>Read runs and their timelines.</summary>
    public const string JobRunRead = "job_run_read";

    /// <summary>Read output.</summary>
    public const string JobRunOutput = "job_run_output";

    /// <summary>Ask the backend now.</summary>
    public const string JobRunRefresh = "job_run_refresh";

    /// <summary>Search runs.</summary>
    public const string JobRunSearch = "job_run_search";

    /// <summary>Give the verdict on a run in doubt.</summary>
    public const string JobRunResolve = "job_run_resolve";

    /// <summary>Report a status by callback (the original's; here the secret URL alone counts).</summary>
    public const string WebhookUpdateStatus = "webhook_update_status";

    /// <summary>Report keys by callback (the original's; here the secret URL alone counts).</summary>
    public const string WebhookIdentificationKeys = "webhook_identification_keys";

    /// <summary>Fetch files by callback (the original's; here the secret URL alone counts).</summary>
    public const string WebhookGetFiles = "webhook_get_files";

    /// <summary>Make and revoke tokens.</summary>
    public const string SecurityTokenWrite = "security_token_write";

    /// <summary>See backends.</summary>
    public const string BackendRead = "backend_read";

    /// <summary>Drain and resume backends.</summary>
    public const string BackendWrite = "backend_write";

    /// <summary>See locks.</summary>
    public const string LockRead = "lock_read";

    /// <summary>Break locks.</summary>
    public const string LockBreak = "lock_break";

    /// <summary>See definitions.</summary>
    public const string DefinitionRead = "definition_read";

    /// <summary>Make, change, suspend and delete definitions.</summary>
    public const string DefinitionWrite = "definition_write";

    /// <summary>Launch definitions, without the right to submit jobs of one's own making.</summary>
    public const string DefinitionLaunch = "definition_launch";

    /// <summary>See who is notified of what, and what became of the messages.</summary>
    public const string NotificationRead = "notification_read";

    /// <summary>Make and change subscriptions to notifications, test them, and replay what could not be delivered.</summary>
    public const string NotificationWrite = "notification_write";

    /// <summary>See the repository of job definitions and its jobs.</summary>
    public const string RepositoryRead = "repository_read";

    /// <summary>Have the repository of job definitions looked at and applied; take its jobs out of the active ones and back.</summary>
    public const string RepositoryWrite = "repository_write";

    /// <summary>Gets all of them.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        JobSubmit, JobRunManualStart, JobRunResubmit, JobRunUploadFiles, JobRunAbort,
        JobRunRead, JobRunOutput, JobRunRefresh, JobRunSearch, JobRunResolve,
        WebhookUpdateStatus, WebhookIdentificationKeys, WebhookGetFiles,
        SecurityTokenWrite, BackendRead, BackendWrite, LockRead, LockBreak,
        DefinitionRead, DefinitionWrite, DefinitionLaunch,
        NotificationRead, NotificationWrite,
        RepositoryRead, RepositoryWrite,
    ];

    /// <summary>Gets those of the configured job manager tokens: everything about runs.</summary>
    public static IReadOnlyList<string> JobGroup { get; } =
    [
        JobSubmit, JobRunManualStart, JobRunResubmit, JobRunUploadFiles, JobRunAbort, JobRunRead, JobRunOutput, JobRunRefresh, JobRunSearch,
    ];

    /// <summary>Gets those of the configured webhook tokens.</summary>
    public static IReadOnlyList<string> WebhookGroup { get; } = [WebhookUpdateStatus, WebhookIdentificationKeys, WebhookGetFiles];
}

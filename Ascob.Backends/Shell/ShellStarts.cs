using Ascob.Backends.Shell.Link;
using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Repository;

namespace Ascob.Backends.Shell;

/// <summary>Makes the order that the shell host gets to start a job: its program, its environment, its input files and the files of its commit.</summary>
internal sealed class ShellStarts(ShellSettings settings, ShellHostLauncher launcher, Func<ICheckouts?> checkouts, Func<string, JobRef> refer)
{
    /// <summary>Fetches the files of the job's commit; none where it is of none.</summary>
    public async Task<Result<(Checkout? Files, bool Any)>> CheckoutAsync(BackendJob job, CancellationToken cancellationToken)
    {
        if (job.Spec.Label(ShellJobRules.Commit) is not { } commit)
        {
            return (null, false);
        }

        if (checkouts() is not { } known)
        {
            return new Error(ErrorKind.Impossible, "shell.no_repository", "This process has no repository of jobs, so it cannot run jobs of one.");
        }

        try
        {
            var opened = await known.OpenAsync(commit, cancellationToken);
            return opened.IsSuccess ? (opened.Value, true) : opened.Error;
        }
        catch (OperationCanceledException)
        {
            return new Error(ErrorKind.Unavailable, "shell.checkout_slow", "the files of the commit were not here in time");
        }
    }

    /// <summary>Makes the order; null where the job cannot be started, with the reason.</summary>
    public StartJob? TryMake(BackendJob job, Checkout? files, out string? wrong)
    {
        wrong = ShellAccount.Problem(job.Spec) ?? ShellJobRules.Validate(job.Spec, settings).Select(e => e.Message)
            .Concat(job.Secrets.Keys.Select(EnvironmentNames.Check).OfType<string>())
            .FirstOrDefault();
        var path = settings.Shell;
        string[] arguments = [path, "-c", job.Spec.Label(ShellJobRules.Command) ?? string.Empty];
        if (wrong is null && job.Spec.Label(ShellJobRules.Executable) is { } executable)
        {
            path = ExecutablePath.Resolve(settings.ExecutablesDirectory!, executable, out wrong) ?? string.Empty;
            arguments = [path, .. ShellJobRules.TryReadArguments(job.Spec.Label(ShellJobRules.Arguments)) ?? []];
        }

        if (files is not null)
        {
            // A shell in between goes there first: the host starts jobs in their own directories only.
            arguments = [ShellSettings.SystemShell, "-c", "cd \"$1\" && shift && exec \"$@\"", ShellSettings.SystemShell, files.Directory, path, .. arguments[1..]];
            path = ShellSettings.SystemShell;
        }

        var directory = refer(job.Marker).Directory;
        var environment = ShellEnvironment.Build(job, directory, launcher, files);
        wrong ??= ShellJobRules.CheckSizes(arguments, environment);
        string[] masked = [.. job.Secrets.Values, .. new[] { job.CallbackUrl, job.CallbackId }.OfType<string>()];
        return wrong is null
            ? new StartJob(job.Marker, directory, path, arguments, environment, masked, [], settings.MaxOutputBytes)
            {
                TimeoutMilliseconds = (job.Spec.TimeoutSeconds ?? 0) * 1000L,
                GraceMilliseconds = (int)settings.StopGrace.TotalMilliseconds,
            }
            : null;
    }

    /// <summary>Says where the job's input files are, under names that can stand in one directory.</summary>
    public static async Task<InputFile[]> InputFilesAsync(BackendJob job, CancellationToken cancellationToken)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var files = new List<InputFile>();
        foreach (var file in job.Files)
        {
            var name = RunDirectory.SafeFileName(file.Name);
            var unique = name;
            for (var number = 2; !names.Add(unique); number++)
            {
                unique = $"{name}.{number}";
            }

            files.Add(new InputFile(unique, await file.LocateAsync(cancellationToken)));
        }

        return [.. files];
    }
}

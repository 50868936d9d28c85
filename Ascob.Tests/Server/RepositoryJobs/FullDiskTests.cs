using System.Diagnostics;

namespace Ascob.Tests.Server.RepositoryJobs;

/// <summary>Checkouts on a disk that is full. Only somebody who may mount one can have such a disk.</summary>
public sealed class FullDiskTests : OverseerApi
{
    [Fact]
    public async Task ACommitThatDoesNotFit_LeavesNothingHalfMadeAndTheRunWaitsUntilItDoes()
    {
        var place = Path.Combine(Server.DataDirectory, "repository", "checkouts");
        Directory.CreateDirectory(place);
        if (!await MountAsync("-t", "tmpfs", "-o", "size=256k", "none", place))
        {
            Assert.Skip("No disk can be mounted here.");
            return;
        }

        try
        {
            await ApplyAsync(("a.yml", "- command: wc -c <big"), ("big", new string('x', 1 << 20)));
            var execution = await ExecuteAsync("a");
            var runId = (await GetAsync(execution)).GetProperty("runId").GetInt64();
            var begun = TimeProvider.System.GetTimestamp();
            while (await GetAsync($"/api/runs/{runId}") is var run && !(run.TryGetProperty("statusReason", out var reason) && reason.GetString()?.Contains("could not be put on the disk", StringComparison.Ordinal) == true))
            {
                Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(30), run.ToString());
                await Task.Delay(50, Cancel);
            }

            Assert.Empty(Directory.GetFileSystemEntries(place));

            Assert.True(await MountAsync("-o", "remount,size=8m", place));
            var end = await EndAsync(execution);
            Assert.Equal("complete", end.GetProperty("outcome").GetString());
            Assert.Equal("1048576\n", await Root.GetStringAsync(execution + "/stdout", Cancel));
        }
        finally
        {
            using var unmount = Process.Start("umount", ["-l", place]);
            await unmount.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static async Task<bool> MountAsync(params string[] arguments)
    {
        try
        {
            using var mount = Process.Start(new ProcessStartInfo("mount", arguments) { RedirectStandardError = true })!;
            await mount.StandardError.ReadToEndAsync(Cancel);
            await mount.WaitForExitAsync(Cancel);
            return mount.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}

namespace Ascob.Tests.Fixtures;

/// <summary>Deletes the directories of tests.</summary>
internal static class TestDirectories
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Deletes a data directory whose server has ended. The shell host outlives the server for a moment, and may put a file where a directory was just emptied; it ends when its directory is gone.
    /// </summary>
    public static async Task DeleteAsync(string directory)
    {
        for (var waited = TimeSpan.Zero; ; waited += Pause)
        {
            try
            {
                Directory.Delete(directory, recursive: true);
                return;
            }
            catch (DirectoryNotFoundException)
            {
                return;
            }
            catch (IOException) when (waited < Patience)
            {
                await Task.Delay(Pause);
            }
        }
    }
}

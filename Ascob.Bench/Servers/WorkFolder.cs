using System.Diagnostics;
using System.Globalization;

namespace Ascob.Bench.Servers;

/// <summary>A new empty folder that goes away with the measurement, unless it is to be kept for a look.</summary>
internal sealed class WorkFolder(string? parent, bool keep) : IDisposable
{
    private int _children;

    // Open to other users: a database server does not run as root and must reach its part.
    public string FullPath { get; } = Directory.CreateDirectory(Path.Combine(parent ?? Path.GetTempPath(), $"ascob-bench-{Guid.NewGuid():N}")).FullName;

    public string Child(string name)
    {
        var child = Path.Combine(FullPath, $"{name}-{Interlocked.Increment(ref _children)}");
        return Directory.CreateDirectory(child).FullName;
    }

    public void Dispose()
    {
        if (keep)
        {
            Console.Error.WriteLine($"kept: {FullPath}");
            return;
        }

        EndShellHosts();
        try
        {
            Directory.Delete(FullPath, recursive: true);
        }
        catch (IOException e)
        {
            Console.Error.WriteLine($"could not delete {FullPath}: {e.Message}");
        }
    }

    // The host of shell jobs outlives its server on purpose; those whose folder goes away have nobody left to serve.
    private void EndShellHosts()
    {
        foreach (var process in Directory.Exists("/proc") ? Directory.EnumerateDirectories("/proc") : [])
        {
            try
            {
                if (int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                    && File.ReadAllText(Path.Combine(process, "cmdline")) is var line
                    && line.Contains("shell-host", StringComparison.Ordinal)
                    && line.Contains(FullPath + "/", StringComparison.Ordinal))
                {
                    using var host = Process.GetProcessById(id);
                    host.Kill();
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or InvalidOperationException)
            {
                // It ended by itself meanwhile.
            }
        }
    }
}

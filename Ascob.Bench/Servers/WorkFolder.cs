namespace Ascob.Bench.Servers;

/// <summary>A new empty folder that goes away with the measurement, unless it is to be kept for a look.</summary>
internal sealed class WorkFolder(string? parent, bool keep) : IDisposable
{
    private int _children;

    // Open to other users: a database server does not run as root and must reach its part.
    public string FullPath { get; } = Directory.CreateDirectory(System.IO.Path.Combine(parent ?? System.IO.Path.GetTempPath(), $"ascob-bench-{Guid.NewGuid():N}")).FullName;

    public string Child(string name)
    {
        var child = System.IO.Path.Combine(FullPath, $"{name}-{Interlocked.Increment(ref _children)}");
        return Directory.CreateDirectory(child).FullName;
    }

    public void Dispose()
    {
        if (keep)
        {
            Console.Error.WriteLine($"kept: {FullPath}");
            return;
        }

        try
        {
            Directory.Delete(FullPath, recursive: true);
        }
        catch (IOException e)
        {
            Console.Error.WriteLine($"could not delete {FullPath}: {e.Message}");
        }
    }
}

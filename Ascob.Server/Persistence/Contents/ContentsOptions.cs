using System.ComponentModel.DataAnnotations;

namespace Ascob.Server.Persistence.Contents;

/// <summary>Where input files and archived output are kept. Bound to <c>Ascob:Contents</c>.</summary>
internal sealed class ContentsOptions
{
    public const string Section = "Ascob:Contents";

    public ContentsStore Store { get; set; } = ContentsStore.Auto;

    /// <summary>Gets or sets where <see cref="ContentsStore.Disk"/> keeps them; null for the data directory. Several servers need one that all of them mount.</summary>
    public string? Directory { get; set; }

    /// <summary>Gets or sets how many bytes of input files from the database may lie on this machine for jobs that want them as files.</summary>
    [Range(1 << 20, 1L << 50)]
    public long CacheBytes { get; set; } = 4L << 30;
}

/// <summary>Where contents are kept.</summary>
internal enum ContentsStore
{
    /// <summary>On disk with SQLite, which has one server; else in the database.</summary>
    Auto,

    /// <summary>In a directory.</summary>
    Disk,

    /// <summary>In the database of the runs.</summary>
    Database,
}

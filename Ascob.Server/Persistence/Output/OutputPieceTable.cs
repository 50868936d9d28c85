using Microsoft.EntityFrameworkCore;

namespace Ascob.Server.Persistence.Output;

/// <summary>The table <c>output_pieces</c>: output that still grows, as jobs report it or as it is published of them. The first and the last bytes of each stream stay.</summary>
internal sealed class OutputPieceTable
{
    public long RunId { get; init; }

    public int Attempt { get; init; }

    public int Channel { get; init; }

    public long FromByte { get; init; }

    public long ToByte { get; init; }

    public required byte[] Data { get; init; }

    public static void Configure(ModelBuilder model) => model.Entity<OutputPieceTable>(table =>
    {
        table.ToTable("output_pieces");
        table.HasKey(p => new { p.RunId, p.Attempt, p.Channel, p.FromByte });
    });
}

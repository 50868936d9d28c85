using Ascob.Core.Files;

namespace Ascob.Core.Callbacks;

/// <summary>What became of a report.</summary>
/// <param name="Changed">Whether it told anything new.</param>
/// <param name="OutputLength">How many bytes of output the job has reported by now; null where the report held none.</param>
public readonly record struct CallbackTaken(bool Changed, long? OutputLength = null);

/// <summary>An input file that a job fetches; dispose the content.</summary>
public sealed record CallbackFile(RunFile File, Stream Content);

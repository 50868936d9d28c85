namespace Ascob.Core.Repository;

/// <summary>The events that send a signal to a running job.</summary>
internal static class Controls
{
    public const string Stop = "stop";
    public const string Continue = "continue";
    public const string Terminate = "terminate";
    public const string Kill = "kill";

    /// <summary>Answers whether an event is one of them.</summary>
    public static bool Is(string name) => IsHalt(name) || name is Terminate or Kill;

    /// <summary>Answers whether an event halts a job or lets it go on.</summary>
    public static bool IsHalt(string name) => name is Stop or Continue;
}

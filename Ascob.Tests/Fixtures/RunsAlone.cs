namespace Ascob.Tests.Fixtures;

/// <summary>Tests that look at something the whole process shares, such as its meters, and so run when no other server lives in it.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class RunsAlone
{
    public const string Name = "alone";
}

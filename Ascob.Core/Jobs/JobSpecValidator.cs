namespace Ascob.Core.Jobs;

/// <summary>Says what is wrong with a <see cref="JobSpec"/>, all of it at once.</summary>
public static class JobSpecValidator
{
}

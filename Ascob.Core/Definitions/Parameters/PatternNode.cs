namespace Ascob.Core.Definitions.Parameters;

/// <summary>A part of a regular expression as it is written.</summary>
internal abstract record PatternNode
{
    /// <summary>Answers how many places it becomes, up to a number that is too large in any case.</summary>
    public abstract long Size { get; }

    /// <summary>Adds its places, which go on at <paramref name="next"/>, and answers the first of them.</summary>
    public abstract int Write(List<PatternStep> steps, int next);

    protected static int Add(List<PatternStep> steps, PatternStep step)
    {
        steps.Add(step);
        return steps.Count - 1;
    }

    /// <summary>One character.</summary>
    public sealed record Take(PatternSet Set) : PatternNode
    {
        public override long Size => 1;

        public override int Write(List<PatternStep> steps, int next) => Add(steps, new PatternStep(PatternStepKind.Take, next, Set: Set));
    }

    /// <summary>A condition on the place.</summary>
    public sealed record Where(PatternStepKind Kind) : PatternNode
    {
        public override long Size => 1;

        public override int Write(List<PatternStep> steps, int next) => Add(steps, new PatternStep(Kind, next));
    }

    /// <summary>One part after the other.</summary>
    public sealed record Sequence(IReadOnlyList<PatternNode> Parts) : PatternNode
    {
        public override long Size { get; } = Math.Max(1, Parts.Sum(p => p.Size));

        public override int Write(List<PatternStep> steps, int next)
        {
            for (var i = Parts.Count - 1; i >= 0; i--)
            {
                next = Parts[i].Write(steps, next);
            }

            return next;
        }
    }

    /// <summary>One part or another.</summary>
    public sealed record Choice(IReadOnlyList<PatternNode> Parts) : PatternNode
    {
        public override long Size { get; } = Parts.Sum(p => p.Size + 1);

        public override int Write(List<PatternStep> steps, int next)
        {
            var first = Parts[^1].Write(steps, next);
            for (var i = Parts.Count - 2; i >= 0; i--)
            {
                first = Add(steps, new PatternStep(PatternStepKind.Fork, Parts[i].Write(steps, next), first));
            }

            return first;
        }
    }

    /// <summary>A part several times; without a bound where <paramref name="Most"/> is null.</summary>
    public sealed record Repeat(PatternNode Part, int Least, int? Most) : PatternNode
    {
        // A part that is larger than any expression may be stays so: the product cannot run over.
        public override long Size { get; } = Math.Min(SchemaPattern.MostSteps + 1L, Part.Size) * Math.Max(1, Most ?? Least + 1L) + Math.Max(1, (Most ?? Least + 1L) - Least);

        public override int Write(List<PatternStep> steps, int next)
        {
            var first = next;
            if (Most is null)
            {
                first = Add(steps, default);
                steps[first] = new PatternStep(PatternStepKind.Fork, Part.Write(steps, first), next);
            }

            for (var i = Least; i < Most; i++)
            {
                first = Add(steps, new PatternStep(PatternStepKind.Fork, Part.Write(steps, first), next));
            }

            for (var i = 0; i < Least; i++)
            {
                first = Part.Write(steps, first);
            }

            return first;
        }
    }
}

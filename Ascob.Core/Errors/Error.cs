namespace Ascob.Core.Errors;

/// <summary>An expected refusal, as a value. Surprises are exceptions.</summary>
/// <param name="Kind">Decides the HTTP status.</param>
/// <param name="Code">A stable word for programs, such as <c>run.not_found</c>.</param>
/// <param name="Message">One readable sentence for people; never holds a secret.</param>
/// <param name="Fields">The refused fields by JSON path, such as <c>jobSpec.labels</c>; null where no field is at fault.</param>
public sealed record Error(
    ErrorKind Kind,
    string Code,
    string Message,
    IReadOnlyDictionary<string, string[]>? Fields = null)
{
    /// <summary>Gets extra members of the problem document, such as the refusals of a routing decision; null for none.</summary>
    public IReadOnlyDictionary<string, object?>? Extensions { get; init; }

    /// <summary>Makes an <see cref="ErrorKind.Invalid"/> error that names each field at fault.</summary>
    public static Error Invalid(IEnumerable<FieldError> fields)
    {
        var byField = fields.GroupBy(f => f.Field, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.Select(f => f.Message).ToArray(), StringComparer.Ordinal);
        return new Error(ErrorKind.Invalid, "request.invalid", "The request has invalid fields.", byField);
    }

    /// <summary>Makes an <see cref="ErrorKind.Invalid"/> error about one field.</summary>
    public static Error Invalid(string field, string message) => Invalid([new FieldError(field, message)]);

    /// <summary>The answer for a run that does not exist or that the caller may not see.</summary>
    public static Error NoSuchRun(long runId) => new(ErrorKind.NotFound, "run.not_found", $"There is no run {runId}.");
}

/// <summary>One refused field.</summary>
/// <param name="Field">JSON path of the field, such as <c>jobSpec.locks[2].key</c>.</param>
/// <param name="Message">What is wrong and what is allowed.</param>
public sealed record FieldError(string Field, string Message);

using System.Diagnostics.CodeAnalysis;

namespace Ascob.Core.Errors;

/// <summary>A value, or the <see cref="Errors.Error"/> that stands in its place.</summary>
public readonly struct Result<T>
{
    private Result(T? value, Error? error)
    {
        Value = value;
        Error = error;
    }

    /// <summary>Gets the value; null (or default) when <see cref="Error"/> is set.</summary>
    public T? Value { get; }

    /// <summary>Gets the refusal; null on success.</summary>
    public Error? Error { get; }

    /// <summary>Gets whether there is a value.</summary>
    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsSuccess => Error is null;

    /// <summary>Wraps a value; for interfaces, which C# does not convert implicitly.</summary>
    public static Result<T> Success(T value) => new(value, null);

    /// <summary>Wraps a value.</summary>
    public static implicit operator Result<T>(T value) => new(value, null);

    /// <summary>Wraps a refusal.</summary>
    public static implicit operator Result<T>(Error error) => new(default, error);

    /// <summary>Turns both cases into one type.</summary>
    public TOut Match<TOut>(Func<T, TOut> success, Func<Error, TOut> failure)
    {
        ArgumentNullException.ThrowIfNull(success);
        ArgumentNullException.ThrowIfNull(failure);
        return Error is null ? success(Value!) : failure(Error);
    }
}

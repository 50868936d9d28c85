using System.Net;

namespace Ascob.Backends.Jenkins;

/// <summary>Why a question was not answered.</summary>
/// <param name="Reason">One readable sentence without a full stop.</param>
/// <param name="Status">The status of the answer; null where there was none, or none that makes sense.</param>
/// <param name="RetryAfter">The pause that Jenkins, or what stands before it, asks for; null for none.</param>
internal sealed record JenkinsFault(string Reason, HttpStatusCode? Status = null, TimeSpan? RetryAfter = null)
{
    /// <summary>Gets whether Jenkins answered that there is no such thing, or none that this user may see: it does not tell the two apart.</summary>
    public bool IsMissing => Status == HttpStatusCode.NotFound;
}

/// <summary>The answer of a question: a value or a fault.</summary>
internal readonly struct JenkinsAnswer<T>
    where T : class
{
    private JenkinsAnswer(T? value, JenkinsFault? fault) => (Value, Fault) = (value, fault);

    /// <summary>Gets the value; null exactly where there is a fault.</summary>
    public T? Value { get; }

    /// <summary>Gets the fault; null exactly where there is a value.</summary>
    public JenkinsFault? Fault { get; }

    public static JenkinsAnswer<T> Of(T value) => new(value, null);

    public static implicit operator JenkinsAnswer<T>(T value) => new(value, null);

    public static implicit operator JenkinsAnswer<T>(JenkinsFault fault) => new(null, fault);
}

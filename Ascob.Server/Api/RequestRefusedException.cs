using Ascob.Core.Errors;

namespace Ascob.Server.Api;

/// <summary>The request cannot be read: thrown by readers of bodies, queries and routes so that handlers stay straight, answered by <see cref="ProblemMiddleware"/>.</summary>
internal sealed class RequestRefusedException(Error error, int status = StatusCodes.Status400BadRequest) : Exception(error.Message)
{
    public Error Error { get; } = error;

    public int Status { get; } = status;
}

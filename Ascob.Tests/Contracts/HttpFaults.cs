using System.Text;
using Microsoft.AspNetCore.Http;

namespace Ascob.Tests.Contracts;

/// <summary>What can happen to a request on its way to a product and back.</summary>
internal static class HttpFaults
{
    private const string LoginPage = "<!DOCTYPE html><html><head><title>Sign in</title><style>p{color:red}</style></head><body><form>Please sign in</form></body></html>";

    /// <summary>The connection ends before the product has looked at the request.</summary>
    public static Task<bool> LoseRequestAsync(HttpContext context)
    {
        context.Abort();
        return Task.FromResult(true);
    }

    /// <summary>The product does what it is asked, and its answer is lost.</summary>
    public static Task<bool> LoseAnswerAsync(HttpContext context)
    {
        context.Response.OnStarting(() =>
        {
            context.Abort();
            return Task.CompletedTask;
        });
        return Task.FromResult(false);
    }

    /// <summary>The product answers nothing until the caller has gone.</summary>
    public static async Task<bool> HangAsync(HttpContext context)
    {
        await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return true;
    }

    /// <summary>The product's own answer, cut off after so many bytes of its body.</summary>
    public static Func<HttpContext, Task<bool>> Truncate(int bytes) => context =>
    {
        context.Response.Body = new CutStream(context.Response.Body, bytes);
        return Task.FromResult(false);
    };

    /// <summary>Something between here and the product answers in its place with a page.</summary>
    public static Func<HttpContext, Task<bool>> Page(int status) => context => AnswerAsync(context, status, "text/html; charset=utf-8", LoginPage);

    /// <summary>An answer in place of the product's own.</summary>
    public static Func<HttpContext, Task<bool>> Answer(int status, string contentType, string body) => context => AnswerAsync(context, status, contentType, body);

    /// <summary>The product asks for a pause.</summary>
    public static Func<HttpContext, Task<bool>> TooMany(int seconds) => context =>
    {
        context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return AnswerAsync(context, StatusCodes.Status429TooManyRequests, "application/json", """{"message":"slow down"}""");
    };

    /// <summary>An answer without end.</summary>
    public static Func<HttpContext, Task<bool>> Endless(int megabytes) => async context =>
    {
        context.Response.ContentType = "application/json";
        var piece = Encoding.ASCII.GetBytes(new string(' ', 1 << 20));
        for (var i = 0; i < megabytes && !context.RequestAborted.IsCancellationRequested; i++)
        {
            await context.Response.Body.WriteAsync(piece, context.RequestAborted);
        }

        return true;
    };

    private static async Task<bool> AnswerAsync(HttpContext context, int status, string contentType, string body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        await context.Response.WriteAsync(body, context.RequestAborted);
        return true;
    }

    /// <summary>Lets the first bytes through and swallows the rest.</summary>
    private sealed class CutStream(Stream inner, int left) : Stream
    {
        private int _left = left;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush() => inner.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, Take(count));

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => inner.WriteAsync(buffer[..Take(buffer.Length)], cancellationToken);

        private int Take(int count)
        {
            var taken = Math.Min(count, _left);
            _left -= taken;
            return taken;
        }
    }
}

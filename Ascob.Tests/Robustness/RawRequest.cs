namespace Ascob.Tests.Robustness;

/// <summary>The bytes of a request, and what may be expected of its answer.</summary>
/// <param name="Method">The method.</param>
/// <param name="Target">The address as it is sent.</param>
/// <param name="Bytes">The whole request.</param>
/// <param name="BreaksHttp">Whether the request may not even be HTTP: then the web server itself answers, with a bare status.</param>
/// <param name="IsIncomplete">Whether less is sent than the headers announce, so that the end of the sending must be told.</param>
/// <param name="IsHuge">Whether the server may hang up before it has taken the whole body.</param>
internal sealed record RawRequest(string Method, string Target, byte[] Bytes, bool BreaksHttp, bool IsIncomplete, bool IsHuge);

/// <summary>An answer as it came over the wire; status 0 for none.</summary>
internal sealed record RawAnswer(int Status, string? ContentType, byte[] Body)
{
    public static RawAnswer None { get; } = new(0, null, []);
}

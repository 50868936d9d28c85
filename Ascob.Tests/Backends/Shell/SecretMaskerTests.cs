using System.Buffers;
using System.Text;
using Ascob.Backends.Shell;

namespace Ascob.Tests.Backends.Shell;

public sealed class SecretMaskerTests
{
    private const string Secret = "pa\"ss wörd/+&?x";

    public static TheoryData<string> Encodings()
    {
        var bytes = Encoding.UTF8.GetBytes(Secret);
        return
        [
            Secret,
            Convert.ToBase64String(bytes),
            Convert.ToBase64String(Encoding.UTF8.GetBytes("user:" + Secret)),
            Convert.ToBase64String(Encoding.UTF8.GetBytes("ab:" + Secret + ":more")),
            Convert.ToHexString(bytes),
            Convert.ToHexStringLower(bytes),
            Uri.EscapeDataString(Secret),
            System.Net.WebUtility.UrlEncode(Secret),
            System.Text.Json.JsonSerializer.Serialize(Secret),
            Secret.Replace("\"", "\\\"", StringComparison.Ordinal),
        ];
    }

    [Theory]
    [MemberData(nameof(Encodings))]
    public void Write_WithTheStreamCutAtEveryBorder_MasksAlike(string form)
    {
        var text = Encoding.UTF8.GetBytes($"before {form} between {form}{form} after");
        var whole = Mask([Secret], [text]);

        Assert.Contains("***", whole, StringComparison.Ordinal);
        Assert.DoesNotContain(form.Trim('"', '='), whole, StringComparison.Ordinal);
        for (var first = 0; first <= text.Length; first++)
        {
            Assert.Equal(whole, Mask([Secret], [text[..first], text[first..]]));
        }

        Assert.Equal(whole, Mask([Secret], text.Select(b => new[] { b })));
    }

    [Fact]
    public void Write_WhenOneSecretBeginsAnother_MasksTheLongerWhole()
    {
        var text = "x abcdef y abcd z abcdxx"u8.ToArray();

        for (var border = 0; border <= text.Length; border++)
        {
            Assert.Equal("x *** y *** z ***xx", Mask(["abcd", "abcdef"], [text[..border], text[border..]]));
        }
    }

    [Fact]
    public void Write_WhenTheEndCouldBeASecret_HoldsBackOnlyThat()
    {
        var masker = new SecretMasker(["secret"]);
        var output = new ArrayBufferWriter<byte>();

        masker.Write("Password: sec"u8, output);
        var early = Encoding.UTF8.GetString(output.WrittenSpan);
        masker.Finish(output);

        Assert.Equal("Password: ", early);
        Assert.Equal("Password: sec", Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void Write_WhenSecretHasLines_MasksEachLine() =>
        Assert.Equal("> ***\n> ***\n", Mask(["first line\nsecond line"], ["> first line\n> second line\n"u8.ToArray()]));

    [Fact]
    public void Write_WhenSecretIsShorterThanFourBytes_LeavesItAlone()
    {
        Assert.False(new SecretMasker(["abc", string.Empty]).IsNeeded);
        Assert.Equal("abc", Mask(["abc"], ["abc"u8.ToArray()]));
    }

    [Fact]
    public void Write_WithRandomStreams_LetsNoSecretThrough()
    {
        var random = new Random(7);
        for (var round = 0; round < 300; round++)
        {
            var text = new string([.. Enumerable.Range(0, 200).Select(_ => "ab"[random.Next(2)])]);
            var pieces = text.Chunk(random.Next(1, 9)).Select(c => Encoding.ASCII.GetBytes(c));

            Assert.DoesNotContain("ababa", Mask(["ababa", "bbbb"], pieces), StringComparison.Ordinal);
        }
    }

    private static string Mask(IEnumerable<string> secrets, IEnumerable<byte[]> pieces)
    {
        var masker = new SecretMasker(secrets);
        var output = new ArrayBufferWriter<byte>();
        foreach (var piece in pieces)
        {
            masker.Write(piece, output);
        }

        masker.Finish(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}

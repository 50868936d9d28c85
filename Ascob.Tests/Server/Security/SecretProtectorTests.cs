using System.Security.Cryptography;
using Ascob.Server.Security;

namespace Ascob.Tests.Server.Security;

public sealed class SecretProtectorTests
{
    private static readonly string Key = Convert.ToBase64String(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray());

    [Theory]
    [InlineData("")]
    [InlineData("hunter2")]
    [InlineData("{\"päss\":\"wörd\"}")]
    public void Unprotect_WhenTextWasProtected_AnswersIt(string clear)
    {
        var protector = SecretProtector.Create(Key, "/nowhere");

        var first = protector.Protect(clear);

        Assert.Equal(clear, protector.Unprotect(first));
        Assert.NotEqual(first, protector.Protect(clear));
        Assert.True(clear.Length == 0 || !first.Contains(clear, StringComparison.Ordinal));
    }

    [Fact]
    public void Protect_WhenManyDoItAtOnce_LosesNoText()
    {
        var protector = SecretProtector.Create(Key, "/nowhere");

        Parallel.For(0, 20_000, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            var clear = new string((char)('a' + (i % 26)), i % 100);
            Assert.Equal(clear, protector.Unprotect(protector.Protect(clear)));
        });
    }

    [Fact]
    public void Unprotect_WhenTextWasChanged_Throws()
    {
        var protector = SecretProtector.Create(Key, "/nowhere");
        var other = SecretProtector.Create(Convert.ToBase64String(new byte[32]), "/nowhere");
        var text = protector.Protect("hunter2");
        var changed = text[..^1] + (text[^1] == 'A' ? 'B' : 'A');

        Assert.ThrowsAny<CryptographicException>(() => protector.Unprotect(changed));
        Assert.ThrowsAny<CryptographicException>(() => protector.Unprotect(text[..20]));
        Assert.ThrowsAny<CryptographicException>(() => protector.Unprotect("plain"));
        Assert.ThrowsAny<CryptographicException>(() => other.Unprotect(text));
    }

    [Fact]
    public void Derive_WhenAskedAgain_AnswersTheSameAndOnlyThen()
    {
        var protector = SecretProtector.Create(Key, "/nowhere");
        var other = SecretProtector.Create(Convert.ToBase64String(new byte[32]), "/nowhere");

        Assert.Equal(protector.Derive("callback", "abc"), protector.Derive("callback", "abc"));
        Assert.Equal(43, protector.Derive("callback", "abc").Length);
        Assert.Equal(4, new[] { protector.Derive("a", "bc"), protector.Derive("ab", "c"), protector.Derive("a", "bd"), other.Derive("a", "bc") }.Distinct().Count());
    }

    [Fact]
    public void Create_WhenNoKeyIsConfigured_MakesOneOnceForItsOwnerOnly()
    {
        var directory = Directory.CreateTempSubdirectory("ascob-keys-");
        try
        {
            var first = SecretProtector.Create(null, directory.FullName);
            var second = SecretProtector.Create(null, directory.FullName);

            Assert.Equal("x", second.Unprotect(first.Protect("x")));
            var file = Assert.Single(Directory.GetFiles(Path.Combine(directory.FullName, "keys")));
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("not base64!")]
    [InlineData("AAAA")]
    public void Create_WhenKeyIsUnfit_NamesTheSetting(string key)
    {
        var e = Assert.Throws<InvalidOperationException>(() => SecretProtector.Create(key, "/nowhere"));

        Assert.Contains("Ascob:Security:EncryptionKey", e.Message, StringComparison.Ordinal);
    }
}

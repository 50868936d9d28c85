using System.Text;
using Ascob.Core.Callbacks;

namespace Ascob.Tests.Core.Callbacks;

public sealed class CallbackSignatureTests
{
    private const string Secret = "a-secret-of-the-backend";
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly byte[] Body = """{"status":"SUCCEEDED"}"""u8.ToArray();

    [Fact]
    public void Make_FollowsTheDocumentedForm()
    {
        var expected = Convert.ToHexStringLower(System.Security.Cryptography.HMACSHA256.HashData(
            Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes("1767268800.{\"status\":\"SUCCEEDED\"}")));

        Assert.Equal($"t=1767268800,v1={expected}", CallbackSignature.Make(Secret, Now, Body));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(299)]
    [InlineData(-299)]
    public void IsGood_InsideTheWindow(int seconds) =>
        Assert.True(CallbackSignature.IsGood(CallbackSignature.Make(Secret, Now.AddSeconds(seconds), Body), Secret, Now, Body));

    [Theory]
    [InlineData(301)]
    [InlineData(-301)]
    public void IsGood_OutsideTheWindow_IsFalse(int seconds) =>
        Assert.False(CallbackSignature.IsGood(CallbackSignature.Make(Secret, Now.AddSeconds(seconds), Body), Secret, Now, Body));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("t=1767268800")]
    [InlineData("v1=00")]
    [InlineData("t=,v1=")]
    [InlineData("t=99999999999999999999,v1=00")]
    [InlineData("t=1767268800,v1=zz")]
    [InlineData("t=-1,v1=00")]
    public void IsGood_WhenTheValueIsMalformed_IsFalse(string? value) => Assert.False(CallbackSignature.IsGood(value, Secret, Now, Body));

    [Fact]
    public void IsGood_WhenBodyOrSecretDiffer_IsFalse()
    {
        var good = CallbackSignature.Make(Secret, Now, Body);

        Assert.False(CallbackSignature.IsGood(good, Secret, Now, [.. Body, (byte)' ']));
        Assert.False(CallbackSignature.IsGood(good, Secret + "x", Now, Body));
        Assert.False(CallbackSignature.IsGood(good.Replace("t=1767268800", "t=1767268801", StringComparison.Ordinal), Secret, Now, Body));
    }

    [Fact]
    public void IsGood_WhileASecretIsChanged_OneOfTwoSignaturesIsEnough()
    {
        var old = CallbackSignature.Make("the-secret-before", Now, Body);
        var both = $"{old},{CallbackSignature.Make(Secret, Now, Body).Split(',')[1]}";

        Assert.True(CallbackSignature.IsGood(both, Secret, Now, Body));
    }
}

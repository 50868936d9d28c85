using System.Net;
using Ascob.Backends.Notifications;

namespace Ascob.Tests.Backends.Notifications;

public sealed class AddressRulesTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("0.0.0.0")]
    [InlineData("0.1.2.3")]
    [InlineData("10.0.0.1")]
    [InlineData("100.64.0.1")]
    [InlineData("100.100.100.200")]
    [InlineData("169.254.169.254")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.0.0.192")]
    [InlineData("192.168.1.1")]
    [InlineData("198.18.0.1")]
    [InlineData("198.19.255.255")]
    [InlineData("224.0.0.1")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("168.63.129.16")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("fe80::1")]
    [InlineData("fe80::1%2")]
    [InlineData("fec0::1")]
    [InlineData("fc00::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("ff02::1")]
    [InlineData("::127.0.0.1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("::ffff:0:127.0.0.1")]
    [InlineData("64:ff9b::10.0.0.1")]
    [InlineData("64:ff9b:1::10.0.0.1")]
    [InlineData("2001:0:4136:e378:8000:63bf:3fff:fdd2")]
    [InlineData("2001:db8::1")]
    [InlineData("2002:7f00:1::")]
    [InlineData("2002:a00:1::")]
    [InlineData("100::1")]
    [InlineData("5f00::1")]
    public void Inside(string address) => Assert.False(new AddressRules([]).Allows("example.org", IPAddress.Parse(address)));

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.1")]
    [InlineData("172.15.0.1")]
    [InlineData("172.32.0.1")]
    [InlineData("192.167.1.1")]
    [InlineData("223.255.255.255")]
    [InlineData("2606:4700:4700::1111")]
    [InlineData("::ffff:1.1.1.1")]
    [InlineData("64:ff9b::1.1.1.1")]
    public void Outside(string address) => Assert.True(new AddressRules([]).Allows("example.org", IPAddress.Parse(address)));

    [Theory]
    [InlineData("hooks.house", "10.9.9.9", true)]
    [InlineData("HOOKS.house.", "10.9.9.9", true)]
    [InlineData("evil.hooks.house", "10.9.9.9", false)]
    [InlineData("other.house", "10.1.2.3", true)]
    [InlineData("other.house", "10.2.2.3", false)]
    [InlineData("other.house", "::ffff:10.1.2.3", true)]
    [InlineData("other.house", "192.168.7.7", true)]
    [InlineData("other.house", "192.168.7.8", false)]
    [InlineData("other.house", "fd00::5", true)]
    public void Allowed_ByNameAddressAndNetwork(string host, string address, bool allowed) =>
        Assert.Equal(allowed, new AddressRules(["hooks.house", "10.1.0.0/16", "192.168.7.7", "fd00::/64"]).Allows(host, IPAddress.Parse(address)));
}

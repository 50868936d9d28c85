namespace Ascob.Tests;

public sealed class DependencyRuleTests
{
    [Fact]
    public void Nothing_Yet() => Assert.NotNull(typeof(DependencyRuleTests));
}

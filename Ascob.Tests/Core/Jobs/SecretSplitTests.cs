using System.Text;
using Ascob.Core.Access;
using Ascob.Core.Jobs;

namespace Ascob.Tests.Core.Jobs;

public sealed class SecretSplitTests
{
    [Fact]
    public void From_WhenThereAreSecrets_MasksThemAndGivesThemBack()
    {
        var spec = JobSpec.Builder("ada").WithParameter("p", "shown").WithSecretParameter("s", "hunter2").Build();

        var split = SecretSplit.From(spec);

        Assert.Equal("***", split.Masked.SecretParameters!["s"]);
        Assert.Equal("shown", split.Masked.Parameters!["p"]);
        Assert.Equal("hunter2", split.Clear!["s"]);
        Assert.DoesNotContain("hunter2", split.ToString(), StringComparison.Ordinal);
        Assert.Equal(CanonicalJobSpec.Hash(spec), CanonicalJobSpec.Hash(SecretSplit.Join(split.Masked, split.Clear)));
    }

    [Fact]
    public void From_WhenThereAreNone_ChangesNothing()
    {
        var spec = JobSpec.Builder("ada").WithParameter("p", "v").Build();

        var split = SecretSplit.From(spec);

        Assert.Same(spec, split.Masked);
        Assert.Null(split.Clear);
        Assert.Null(split.Protect(new Reversing()));
        Assert.Same(spec, SecretSplit.Join(split.Masked, SecretSplit.Reveal(null, new Reversing())));
    }

    [Fact]
    public void Protect_AndReveal_AreInverse()
    {
        var split = SecretSplit.From(JobSpec.Builder("ada").WithSecretParameter("s", "hunter2\n\u0001🚀").Build());

        var stored = split.Protect(new Reversing());

        Assert.DoesNotContain("hunter2", stored, StringComparison.Ordinal);
        Assert.Equal(split.Clear, SecretSplit.Reveal(stored, new Reversing()));
    }

    private sealed class Reversing : ISecretProtector
    {
        public string Protect(string clear) => Convert.ToBase64String(Encoding.UTF8.GetBytes(clear));

        public string Unprotect(string protectedText) => Encoding.UTF8.GetString(Convert.FromBase64String(protectedText));

        public string Derive(string purpose, string name) => purpose + name;
    }
}

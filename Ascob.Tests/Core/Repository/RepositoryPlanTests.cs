using Ascob.Core.Repository;

namespace Ascob.Tests.Core.Repository;

public sealed class RepositoryPlanTests
{
    [Fact]
    public void Make_OfMoreErrorsThanAnybodyReads_KeepsAThousandAndTheirNumber()
    {
        var broken = Enumerable.Range(0, 30).Select(i => JobFiles.Read("- name: a\n" + string.Concat(Enumerable.Range(0, 200).Select(v => $"  v{v}: x\n")), $"f{i:D2}.yml")).ToList();

        var plan = RepositoryPlan.Make(new RepositoryState(), new CommitContent(new string('a', 40), "ann", broken, SettingsFile.None));

        Assert.Equal(1001, plan.Next.Errors.Count);
        Assert.Equal("And 2030 more errors, in this file and others.", plan.Next.Errors[^1].Message);
    }
}

using System.Text;
using Ascob.Server.Repository;
using LibGit2Sharp;

namespace Ascob.Tests.Server.RepositoryJobs;

/// <summary>Commits made by hand, as whoever may push can make them: what they may not do to the disk of a server.</summary>
public sealed class HostileCommitTests : IDisposable
{
    private readonly GitFolder _git = new();
    private readonly LibGit2Sharp.Repository _repository;
    private readonly string _target;

    public HostileCommitTests()
    {
        _repository = new LibGit2Sharp.Repository(_git.Path);
        _target = Path.Combine(Directory.CreateTempSubdirectory("ascob-checkout-").FullName, "commit");
    }

    public void Dispose()
    {
        _repository.Dispose();
        _git.Dispose();
        CheckoutWriter.TryDelete(Path.GetDirectoryName(_target)!);
    }

    [Fact]
    public void NamesThatDifferInCaseOnly_AreTwoFilesWhereTheDiskTellsThem()
    {
        var tree = Tree(File("Readme", "one"), File("readme", "two"), Folder("Dir", File("x", "1")), Folder("dir", File("x", "2")));

        if (!CheckoutWriter.TellsCase(Path.GetDirectoryName(_target)!))
        {
            Refused(tree, "'Readme' and 'readme'");
            return;
        }

        CheckoutWriter.Write(tree, _target, () => false);
        Assert.Equal(("one", "two", "1", "2"), (Text("Readme"), Text("readme"), Text("Dir/x"), Text("dir/x")));
    }

    [Fact]
    public void NamesThatDifferInCaseOnly_AreRefusedWithBothWhereTheDiskDoesNotTellThem()
    {
        var refused = Assert.Throws<CommitRefusedException>(() => CommitCheck.Check(Tree(Folder("sub", File("Readme", "one"), File("readme", "two"))), tellsCase: false, () => false));

        Assert.Equal("The commit holds 'sub/Readme' and 'sub/readme', which are one file on this disk: it does not tell capitals from small letters.", refused.Message);
    }

    [Fact]
    public void OneNameTwice_IsRefusedAndNothingIsWritten() => Refused(Tree(File("a", "one"), File("x", "one"), File("x", "two")), "'x' twice");

    [Fact]
    public void ALinkAndADirectoryOfOneName_DoNotWriteWhereTheLinkLeads()
    {
        var outside = Path.Combine(Path.GetDirectoryName(_target)!, "outside");
        Directory.CreateDirectory(outside);

        Refused(Tree(Link("x", outside), Folder("x", File("planted", "!"))), "'x' twice");

        Assert.Empty(Directory.GetFileSystemEntries(outside));
    }

    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData(".git")]
    [InlineData(".GIT")]
    [InlineData("a/../../b")]
    [InlineData("/etc")]
    public void NamesThatNoFileMayHave_AreRefused(string name)
    {
        Refused(Tree(Folder("sub", File(name, "x"))), "which no file may have");
        Refused(Tree(Folder(name, File("x", "x"))), "which no file may have");
    }

    [Fact]
    public void ATreeThatStandsForBillionsOfFiles_IsRefusedSoon()
    {
        var tree = Tree(File("a", "x"));
        for (var level = 0; level < 12; level++)
        {
            var below = tree;
            tree = Tree([.. Enumerable.Range(0, 10).Select(i => Entry("40000", $"d{i}", below.Id))]);
        }

        Refused(tree, "more than 100000 files and directories");
    }

    [Fact]
    public void DirectoriesWithoutEnd_AreRefused()
    {
        var tree = Tree(File("a", "x"));
        for (var level = 0; level < 70; level++)
        {
            tree = Tree(Entry("40000", "d", tree.Id));
        }

        Refused(tree, "deeper than 64 levels");
    }

    [Fact]
    public void ABlobThatStandsThereManyTimes_IsCountedEachTimeAndNothingIsWritten()
    {
        using var zeros = new MemoryStream(new byte[64 << 20]);
        var blob = _repository.ObjectDatabase.CreateBlob(zeros);

        Refused(Tree([.. Enumerable.Range(0, 17).Select(i => Entry("100644", $"f{i:D2}", blob.Id))]), "more than 1073741824 bytes");
    }

    [Fact]
    public void LinksThatNameNothing_AreRefused()
    {
        Refused(Tree(Link("x", string.Empty)), "The link 'x'");
        Refused(Tree(Link("x", new string('a', 5000))), "The link 'x'");
        Refused(Tree(Link("x", "a\0b")), "The link 'x'");
    }

    [Fact]
    public void LinksThatLeadOut_AreMadeAndNeverFollowed()
    {
        var outside = Path.Combine(Path.GetDirectoryName(_target)!, "kept");
        Directory.CreateDirectory(outside);
        System.IO.File.WriteAllText(Path.Combine(outside, "file"), "kept");

        CheckoutWriter.Write(Tree(Link("out", outside), Link("up", ".."), File("a", "x")), _target, () => false);
        CheckoutWriter.Protect(_target);
        Assert.True(CheckoutWriter.TryDelete(_target));

        Assert.False(Directory.Exists(_target));
        Assert.Equal("kept", System.IO.File.ReadAllText(Path.Combine(outside, "file")));
    }

    [Fact]
    public void Submodules_AreLeftOut()
    {
        CheckoutWriter.Write(Tree(Entry("160000", "module", new ObjectId(new string('a', 40))), File("a", "x")), _target, () => false);

        Assert.Equal(["a"], Directory.GetFileSystemEntries(_target).Select(Path.GetFileName));
    }

    [Fact]
    public void WritingIsGivenUpWhenAsked()
    {
        var asked = 0;

        Assert.Throws<OperationCanceledException>(() => CheckoutWriter.Write(Tree([.. Enumerable.Range(0, 50).Select(i => File($"f{i:D2}", "x"))]), _target, () => ++asked > 70));

        Assert.InRange(Directory.GetFileSystemEntries(_target).Length, 1, 49);
    }

    private void Refused(Tree tree, string reason)
    {
        var refused = Assert.Throws<CommitRefusedException>(() => CheckoutWriter.Write(tree, _target, () => false));
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_target));
    }

    private string Text(string path) => System.IO.File.ReadAllText(Path.Combine(_target, path));

    private byte[] File(string name, string text) => Entry("100644", name, Blob(text));

    private byte[] Link(string name, string target) => Entry("120000", name, Blob(target));

    private byte[] Folder(string name, params byte[][] entries) => Entry("40000", name, Tree(entries).Id);

    private ObjectId Blob(string text)
    {
        using var content = new MemoryStream(Encoding.UTF8.GetBytes(text));
        return _repository.ObjectDatabase.CreateBlob(content).Id;
    }

    // As the bytes of the object, for no library makes such trees.
    private Tree Tree(params byte[][] entries) => _repository.Lookup<Tree>(_repository.ObjectDatabase.Write<Tree>(entries.SelectMany(e => e).ToArray()));

    private static byte[] Entry(string mode, string name, ObjectId target) => [.. Encoding.UTF8.GetBytes($"{mode} {name}"), 0, .. target.RawId];
}

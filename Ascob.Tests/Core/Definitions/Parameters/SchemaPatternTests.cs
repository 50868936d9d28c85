using System.Text;
using System.Text.RegularExpressions;
using Ascob.Core.Definitions.Parameters;

namespace Ascob.Tests.Core.Definitions.Parameters;

public sealed class SchemaPatternTests
{
    private static readonly string[] Counts = ["*", "+", "?", "{2}", "{1,3}", "{0,2}", "*?", "{2,}"];

    [Theory]
    [InlineData("^[a-z]+$", "abc", "abc\n")]
    [InlineData("^(?:web|db)-[0-9]{1,3}$", "db-123", "db-1234")]
    [InlineData("^(?<name>a|b){2,}$", "abab", "a")]
    [InlineData("^\\d+\\.\\d{2}$", "10.25", "\u0661.25")]
    [InlineData("^\\w+$", "a_1", "\u00e9")]
    [InlineData("^\\S+\\s\\S+$", "a\u00a0b", "ab")]
    [InlineData("^[\\w.-]+@[\\w-]+$", "a.b-c@d", "a b@c")]
    [InlineData("^[^\\d/]+$", "ab-", "a1")]
    [InlineData("^\\p{Lu}\\p{L}*$", "\u00c9t\u00e9", "\u00e9t")]
    [InlineData("^\\P{L}+$", "123", "1a")]
    [InlineData("^.$", "\U0001F600", "\n")]
    [InlineData("^\\u00e9\\x41\\u{1F600}$", "\u00e9A\U0001F600", "eA")]
    [InlineData("\\bcat\\b", "a cat.", "cats")]
    [InlineData("a\\Bb", "ab", "a b")]
    [InlineData("^a{,3}$", "a{,3}", "aa")]
    [InlineData("^{x}$", "{x}", "x")]
    [InlineData("^a*?b??$", "aab", "c")]
    [InlineData("^(|a|)*$", "aaa", "b")]
    [InlineData("^(a*)*$", "", "b")]
    [InlineData("a|^$", "", "b")]
    [InlineData("^[\\]\\-\\[\\\\^]+$", "]-[\\^", "a")]
    [InlineData("^(a{0}b){2}$", "bb", "ab")]
    [InlineData("^\\/\\-\\n$", "/-\n", "/-n")]
    public void Pattern_MatchesAsJavaScriptDoes(string pattern, string fits, string doesNot)
    {
        var read = Read(pattern);

        Assert.True(read.IsMatch(fits, new CheckWork(), "f"), fits);
        Assert.False(read.IsMatch(doesNot, new CheckWork(), "f"), doesNot);
    }

    [Theory]
    [InlineData("(?i)a", "option")]
    [InlineData("[a-z-[aeiou]]", "set in a set")]
    [InlineData("[\\w-x]", "range")]
    [InlineData("[]", "empty set")]
    [InlineData("\\q", "\\q")]
    [InlineData("\\k<a>", "\\k")]
    [InlineData("^*", "nothing")]
    [InlineData("a{1}{2}", "repetition of a repetition")]
    [InlineData("\\u{110000}", "code point")]
    [InlineData("\\xg0", "hexadecimal")]
    [InlineData("a{5001}", "too large")]
    [InlineData("(((a{9999}){9999}){9999}){9999}", "too large")]
    [InlineData("(((()){9999}){9999}){9999}", "too large")]
    public void Pattern_ThatCouldMeanSomethingElse_IsRefusedWithTheReason(string pattern, string reason)
    {
        Assert.Null(PatternReader.Read(pattern, out var problem));
        Assert.Contains(reason, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Patterns_OfChance_MatchWhatTheEngineOfThePlatformMatches()
    {
        var random = new Random(20_261_128);
        for (var round = 0; round < 3_000; round++)
        {
            var pattern = Some(random, 4);
            var read = Read(pattern);

            // JavaScript's end is only the end, its words and digits are ASCII.
            var other = new Regex(pattern.Replace("$", "\\z", StringComparison.Ordinal), RegexOptions.ECMAScript, TimeSpan.FromSeconds(10));
            for (var i = 0; i < 10; i++)
            {
                var text = string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => "ab1 _"[random.Next(5)]));
                bool expected;
                try
                {
                    expected = other.IsMatch(text);
                }
                catch (RegexMatchTimeoutException)
                {
                    continue;
                }

                Assert.True(expected == read.IsMatch(text, new CheckWork(), "f"), $"/{pattern}/ and \"{text}\": {expected}");
            }
        }
    }

    private static SchemaPattern Read(string pattern)
    {
        var read = PatternReader.Read(pattern, out var problem);
        Assert.True(read is not null, $"/{pattern}/: {problem}");
        return read;
    }

    private static string Some(Random random, int depth)
    {
        var text = new StringBuilder();
        for (var parts = random.Next(1, 4); parts > 0; parts--)
        {
            text.Append(random.Next(depth > 0 ? 12 : 7) switch
            {
                0 => "a",
                1 => "b",
                2 => ".",
                3 => "[^a1]",
                4 => "\\w",
                5 => "\\d",
                6 => "[a-b_]",
                7 => random.Next(2) == 0 ? "^" : "$",
                8 => random.Next(2) == 0 ? "\\b" : "\\B",
                9 => $"({Some(random, depth - 1)}|{Some(random, depth - 1)})",
                10 => $"(?:{Some(random, depth - 1)})",
                _ => $"({Some(random, depth - 1)}){Counts[random.Next(Counts.Length)]}",
            });
        }

        return text.ToString();
    }
}

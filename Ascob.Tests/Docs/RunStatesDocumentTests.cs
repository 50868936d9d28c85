using System.Text;
using Ascob.Core.Runs;

namespace Ascob.Tests.Docs;

public sealed class RunStatesDocumentTests
{
    [Fact]
    public void RunStatesDocument_IsWhatTheTransitionTableSays()
    {
        var expected = Document();
        if (Environment.GetEnvironmentVariable("ASCOB_UPDATE_DOCS") == "1")
        {
            File.WriteAllText(Repository.Path("docs", "run-states.md"), expected);
        }

        Assert.Equal(expected, Repository.Read("docs", "run-states.md"));
    }

    private static string Document()
    {
        var text = new StringBuilder();
        text.Append("""
            # The life of a run

            This page is drawn from `Ascob.Core/Runs/RunTransitions.cs`, the only place that knows how a run may move; a test compares the two
            (`ASCOB_UPDATE_DOCS=1 dotnet test` writes it anew). Every change is a compare-and-set on the run's version and appends one event
            to its timeline in the same transaction.

            ```mermaid
            stateDiagram-v2
                [*] --> DEFINED: manual start
                [*] --> WAITING_LOCKS: with locks
                [*] --> PENDING_SUBMIT: without locks

            """);
        foreach (var arrow in Moves().Where(m => m.From != m.To).GroupBy(m => (m.From, m.To)))
        {
            text.Append("    ").Append(arrow.Key.From.ToWire()).Append(" --> ").Append(arrow.Key.To.ToWire()).Append(": ")
                .AppendJoin(", ", arrow.Select(m => m.Trigger)).Append('\n');
        }

        foreach (var final in RunStatusNames.Final)
        {
            text.Append("    ").Append(final.ToWire()).Append(" --> [*]\n");
        }

        text.Append("```\n\n## The table\n\nA trigger that is not listed means nothing in that status: it changes nothing and writes no event.\n\n");
        text.Append("| Status | Trigger | Becomes |\n|---|---|---|\n");
        foreach (var move in Moves())
        {
            text.Append("| `").Append(move.From.ToWire()).Append("` | ").Append(move.Trigger).Append(" | `").Append(move.To.ToWire()).Append("` |\n");
        }

        return text.ToString();
    }

    private static IEnumerable<(RunStatus From, RunTrigger Trigger, RunStatus To)> Moves() =>
        from status in Enum.GetValues<RunStatus>()
        from trigger in Enum.GetValues<RunTrigger>()
        let next = RunTransitions.Next(status, trigger)
        where next is not null
        select (status, trigger, next.Value);
}

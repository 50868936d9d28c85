using System.Globalization;
using System.Text;

namespace Ascob.Core.Kuroko2;

/// <summary>A command with what surrounds it.</summary>
/// <param name="Where">What the program calls it in its messages.</param>
/// <param name="Command">The text for a shell.</param>
/// <param name="Variables">What only this command finds in its environment.</param>
/// <param name="Retries">How often it is repeated after a failure.</param>
/// <param name="Pause">The seconds before each repetition.</param>
/// <param name="Skips">Whether the program goes on after its failure.</param>
/// <param name="Limit">The seconds after which it is ended; 0 for never.</param>
internal sealed record ShellTask(string Where, string Command, IReadOnlyCollection<KeyValuePair<string, string>> Variables, int Retries, int Pause, bool Skips, int Limit);

/// <summary>
/// Writes the shell program of a script. Each command runs in a shell of its own, so that none can change what the others or the program itself find: variables reach it
/// from functions that export them one after the other. Every text from the script is quoted, so that the program's own shell takes nothing of it for code.
/// </summary>
internal sealed class ProgramWriter
{
    /// <summary>How long a command may take to obey when its time is over.</summary>
    public const int KillSeconds = 10;

    // A failure that is skipped is told beside the program, which goes on meanwhile and waits at its end until that is done.
    // Names of functions and variables begin with "ascob_", which no parameter and no variable of a script may.
    private const string Prologue = """
        ascob_event=${ASCOB_EVENT-}
        unset ASCOB_EVENT
        ascob_note() { printf 'kuroko2: %s\n' "$1" >&2; }
        ascob_tell() { [ -z "$ascob_event" ] || ( eval "$ascob_event \"\$@\"" ) </dev/null >&2 & }
        ascob_end() { wait; exit "$1"; }
        ascob_env_0() { : "${KUROKO2_JOB_INSTANCE_ID=${ASCOB_RUN_ID-}}"; export KUROKO2_JOB_INSTANCE_ID; }
        ascob_task() {
          ascob_left=$3
          while :; do
            "$1"
            ascob_code=$?
            [ "$ascob_code" -ne 0 ] || return 0
            ascob_how="ended with exit code $ascob_code"
            if [ "$6" -gt 0 ] && [ "$ascob_code" -eq 124 ]; then
              ascob_how="took longer than $6 seconds and was ended"
            elif [ "$ascob_code" -gt 128 ] && ascob_signal=$(kill -l "$ascob_code" 2>/dev/null); then
              ascob_how="was ended by the signal $ascob_signal (exit code $ascob_code)"
            fi
            [ "$ascob_left" -gt 0 ] || break
            ascob_note "$2 $ascob_how; next try in $4 seconds, then $((ascob_left - 1)) more"
            ascob_left=$((ascob_left - 1))
            [ "$4" -eq 0 ] || sleep "$4"
          done
          if [ "$5" -eq 1 ]; then
            ascob_note "$2 $ascob_how; skipped because of auto_skip_error"
            ascob_tell @event "$2 $ascob_how"
            return 0
          fi
          ascob_note "$2 $ascob_how"
          ascob_end "$ascob_code"
        }

        """;

    private const string NeedsTimeout = """
        ascob_timeout=$(command -v timeout) || { ascob_note 'this host has no program "timeout", which the script needs'; exit 127; }

        """;

    private readonly StringBuilder _text = new();
    private int _environments;
    private int _commands;
    private bool _hasLimit;

    public void Echo(string message) => _text.Append("printf '%s\\n' ").Append(Quote(message)).Append('\n');

    public void Sleep(int seconds)
    {
        if (seconds > 0)
        {
            _text.Append(CultureInfo.InvariantCulture, $"sleep {seconds}\n");
        }
    }

    public void Export(IReadOnlyCollection<KeyValuePair<string, string>> variables)
    {
        _text.Append(CultureInfo.InvariantCulture, $"ascob_env_{_environments + 1}() {{ ascob_env_{_environments}; {Exports(variables)}; }}\n");
        _environments++;
    }

    public void Command(ShellTask task)
    {
        var number = (++_commands).ToString(CultureInfo.InvariantCulture);
        _text.Append(CultureInfo.InvariantCulture, $"ascob_command_{number}() {{ ( ascob_env_{_environments}; ");
        if (task.Variables.Count > 0)
        {
            _text.Append(Exports(task.Variables)).Append("; ");
        }

        _text.Append("exec ");
        if (task.Limit > 0)
        {
            _hasLimit = true;
            _text.Append(CultureInfo.InvariantCulture, $"\"$ascob_timeout\" -k {KillSeconds} {task.Limit} ");
        }

        _text.Append("/bin/sh -c ").Append(Quote(task.Command)).Append(" ); }\n");
        _text.Append(CultureInfo.InvariantCulture, $"ascob_task ascob_command_{number} {Quote(task.Where)} {task.Retries} {task.Pause} {(task.Skips ? 1 : 0)} {task.Limit}\n");
    }

    public string Finish() => $"{Prologue.ReplaceLineEndings("\n").Replace("@event", ScriptEvents.SkippedFailure, StringComparison.Ordinal)}{(_hasLimit ? NeedsTimeout.ReplaceLineEndings("\n") : string.Empty)}{_text}ascob_end 0\n";

    // Between single quotes a shell reads nothing but the closing one. Two quotes between the characters of "{{" and "{%" are nothing to a shell, and keep the text from being taken for a template.
    private static string Quote(string text)
    {
        var quoted = new StringBuilder(text.Length + 2).Append('\'');
        for (var i = 0; i < text.Length; i++)
        {
            quoted.Append(text[i] == '\'' ? "'\\''" : text[i].ToString());
            if (text[i] == '{' && i + 1 < text.Length && text[i + 1] is '{' or '%')
            {
                quoted.Append("''");
            }
        }

        return quoted.Append('\'').ToString();
    }

    private static string Exports(IReadOnlyCollection<KeyValuePair<string, string>> variables) =>
        "export " + string.Join(' ', variables.Select(v => $"{v.Key}={Quote(v.Value)}"));
}

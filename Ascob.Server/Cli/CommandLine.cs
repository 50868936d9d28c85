using System.CommandLine;
using System.Globalization;

namespace Ascob.Server.Cli;

/// <summary>Reads values of the command line; a wrong one is a usage error that names the option.</summary>
internal static class CommandLine
{
    /// <summary>Reads repeated <c>key=value</c> options. The value may be empty and may hold further equals signs; a key given twice is an error.</summary>
    public static Dictionary<string, string> Pairs(string option, IReadOnlyList<string>? values)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var value in values ?? [])
        {
            var equals = value.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new CliException(ExitCodes.Usage, $"{option} wants key=value, not \"{value}\"");
            }

            if (!pairs.TryAdd(value[..equals], value[(equals + 1)..]))
            {
                throw new CliException(ExitCodes.Usage, $"{option} was given twice for \"{value[..equals]}\"");
            }
        }

        return pairs;
    }

    /// <summary>Reads the values of secrets that are named: the variable of that name, or the next line of stdin. A value on the command line is seen by everybody on the machine.</summary>
    public static async Task<Dictionary<string, string>> SecretsAsync(IReadOnlyList<string> names, Func<string, string?> environment, TextReader input, CancellationToken cancellationToken)
    {
        var secrets = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            if (name.Contains('=', StringComparison.Ordinal))
            {
                throw new CliException(
                    ExitCodes.Usage,
                    $"--secret wants only the name ({name[..name.IndexOf('=', StringComparison.Ordinal)]}); the value comes from the environment or a line of stdin");
            }

            var value = environment(name) ?? await input.ReadLineAsync(cancellationToken);
            if (value is null || !secrets.TryAdd(name, value))
            {
                throw new CliException(ExitCodes.Usage, $"--secret {name}: no variable of that name, and stdin has no line for it");
            }
        }

        return secrets;
    }

    /// <summary>Reads a length of time: seconds, or a number with <c>s</c>, <c>m</c>, <c>h</c> or <c>d</c>.</summary>
    public static int? Seconds(string option, string? text)
    {
        if (text is null)
        {
            return null;
        }

        var digits = text.AsSpan();
        var unit = 1L;
        if (digits.Length > 1 && !char.IsAsciiDigit(digits[^1]))
        {
            unit = digits[^1] switch
            {
                's' => 1,
                'm' => 60,
                'h' => 3600,
                'd' => 86_400,
                _ => 0,
            };
            digits = digits[..^1];
        }

        if (unit == 0
            || !int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || number * unit is < 1 or > int.MaxValue)
        {
            throw new CliException(ExitCodes.Usage, $"{option} wants a time such as 90, 90s, 15m, 2h or 1d, not \"{text}\"");
        }

        return (int)(number * unit);
    }

    /// <summary>Makes an option that may be repeated, one value each time.</summary>
    public static Option<string[]> Repeated(string name, string valueName, string description) => new(name)
    {
        Description = description,
        HelpName = valueName,
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    /// <summary>Makes the argument that names a run.</summary>
    public static Argument<long> RunArgument() => new("run") { Description = "The number of the run." };
}

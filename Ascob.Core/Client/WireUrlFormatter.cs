using System.Reflection;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;
using Refit;

namespace Ascob.Core.Client;

/// <summary>Writes values in query strings as they are written in JSON.</summary>
internal sealed class WireUrlFormatter : DefaultUrlParameterFormatter
{
    public override string? Format(object? value, ICustomAttributeProvider attributeProvider, Type type) => value switch
    {
        RunStatus status => status.ToWire(),
        DateTimeOffset time => AscobJson.FormatTime(time),
        bool flag => flag ? "true" : "false",
        _ => base.Format(value, attributeProvider, type),
    };
}

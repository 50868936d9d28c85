using System.Text.Json.Serialization.Metadata;
using Ascob.Core.Jobs;

namespace Ascob.Server.Api;

/// <summary>The JSON metadata of a wire type, looked up once.</summary>
internal static class WireType<T>
{
    public static readonly JsonTypeInfo<T> Info = (JsonTypeInfo<T>)AscobJson.Options.GetTypeInfo(typeof(T));
}

using System.Text.Json.Serialization;

namespace Ascob.Core.Repository;

/// <summary>The generated writing of what a form holds.</summary>
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class FormJson : JsonSerializerContext;

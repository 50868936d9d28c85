namespace Ascob.Server.Persistence.Sql;

/// <summary>Where the values of a statement's parameters go. Indexes start at 0, in the order of the names' first use.</summary>
internal interface ISqlParameters
{
    void Long(int index, long? value);

    void Int(int index, int? value);

    void Double(int index, double? value);

    void Bool(int index, bool value);

    void Text(int index, string? value);

    void Bytes(int index, byte[]? value);
}

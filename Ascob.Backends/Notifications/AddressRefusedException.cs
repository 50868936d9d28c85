namespace Ascob.Backends.Notifications;

/// <summary>A receiver's host has no address that may be called. Says no address: the caller could ask for the names of the house with it.</summary>
internal sealed class AddressRefusedException() : Exception(Text)
{
    public const string Text = "the receiver's address is inside the house, which is not allowed (Ascob:Notifications:AllowedInternal)";
}

using System.Reflection;
using Ascob.Core.Runs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Ascob.Tests.Server.Api;

/// <summary>A store with a bug.</summary>
public class BrokenStore : DispatchProxy
{
    public static void Use(IServiceCollection services) => services.Replace(ServiceDescriptor.Singleton(Create<IRunStore, BrokenStore>()));

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        throw new InvalidOperationException("SELECT secret FROM /home/ascob at Ascob.Core.Runs in Store.cs:line 5");
}

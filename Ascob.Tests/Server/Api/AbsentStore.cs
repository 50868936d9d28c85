using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Ascob.Core.Access;
using Ascob.Core.Backends;
using Ascob.Core.Cluster;
using Ascob.Core.Definitions;
using Ascob.Core.Errors;
using Ascob.Core.Files;
using Ascob.Core.Locks;
using Ascob.Core.Notifications;
using Ascob.Core.Output;
using Ascob.Core.Runs;
using Ascob.Core.Schedules;
using Ascob.Server.Repository;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Ascob.Tests.Server.Api;

/// <summary>A store that is away: every call says so. Only tokens are kept, in memory, so that the gate can be tested alone.</summary>
public class AbsentStore : DispatchProxy
{
    public static void Use(IServiceCollection services)
    {
        // Nothing that works on its own: only what requests cause.
        foreach (var worker in services.Where(s => s.ServiceType == typeof(IHostedService)
            && s.ImplementationType?.Namespace is { } name
            && (name.StartsWith("Ascob.Server.Background", StringComparison.Ordinal) || name.StartsWith("Ascob.Server.Persistence", StringComparison.Ordinal)
                || name.StartsWith("Ascob.Server.Security", StringComparison.Ordinal))).ToList())
        {
            services.Remove(worker);
        }

        services.Replace(ServiceDescriptor.Singleton(Create<IRunStore, AbsentStore>()));
        services.Replace(ServiceDescriptor.Singleton(Create<IExecutionHistory, AbsentStore>()));
        services.Replace(ServiceDescriptor.Singleton(Create<IRunFileStore, AbsentStore>()));
        services.Replace(ServiceDescriptor.Singleton(Create<IOutputStore, AbsentStore>()));
        services.Replace(ServiceDescriptor.Singleton(Create<ILockStore, AbsentStore>()));
        services.Replace(ServiceDescriptor.Singleton(Create<IBackendStateStore, AbsentStore>()));
        services.Replace(ServiceDescriptor.Singleton(Create<IMemberStore, AbsentStore>()));
        services.Replace(ServiceDescriptor.Singleton(Create<IDefinitionStore, AbsentStore>()));
        services.Replace(ServiceDescriptor.Singleton(Create<IScheduleStore, AbsentStore>()));
        services.Replace(ServiceDescriptor.Singleton(Create<INotificationStore, AbsentStore>()));
        services.Replace(ServiceDescriptor.Singleton(Create<IRepositoryStore, AbsentStore>()));
        services.Replace(ServiceDescriptor.Singleton<ITokenStore>(new MemoryTokenStore()));
        services.Replace(ServiceDescriptor.Singleton<ISecretProtector>(new MemoryProtector()));
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => throw new StoreUnavailableException("database is locked at /secret/path (SELECT 1)");
}

/// <summary>Tokens in memory.</summary>
internal sealed class MemoryTokenStore : ITokenStore
{
    private readonly Dictionary<string, TokenRecord> _tokens = new(StringComparer.Ordinal);

    public Task<bool> TryAddAsync(TokenRecord token, CancellationToken cancellationToken) => Locked(() => _tokens.TryAdd(token.Identifier, token));

    public Task ReplaceAsync(TokenRecord token, CancellationToken cancellationToken) => Locked(() => _tokens[token.Identifier] = token);

    public Task<TokenRecord?> FindAsync(string tokenId, CancellationToken cancellationToken) => Locked(() => _tokens.Values.FirstOrDefault(t => t.TokenId == tokenId));

    public Task<bool> DeleteAsync(string identifier, CancellationToken cancellationToken) => Locked(() => _tokens.Remove(identifier));

    public Task<IReadOnlyList<TokenRecord>> ListAsync(CancellationToken cancellationToken) =>
        Locked<IReadOnlyList<TokenRecord>>(() => [.. _tokens.Values.OrderBy(t => t.Identifier, StringComparer.Ordinal)]);

    public Task<int> DeleteExpiredAsync(DateTimeOffset now, CancellationToken cancellationToken) => Task.FromResult(0);

    private Task<T> Locked<T>(Func<T> work)
    {
        lock (_tokens)
        {
            return Task.FromResult(work());
        }
    }
}

/// <summary>Authenticated encryption with a key that lives as long as the test.</summary>
internal sealed class MemoryProtector : ISecretProtector
{
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);

    public string Protect(string clear)
    {
        using var aes = new AesGcm(_key, 16);
        var text = Encoding.UTF8.GetBytes(clear);
        var all = new byte[12 + 16 + text.Length];
        RandomNumberGenerator.Fill(all.AsSpan(0, 12));
        aes.Encrypt(all.AsSpan(0, 12), text, all.AsSpan(28), all.AsSpan(12, 16));
        return Convert.ToHexStringLower(all);
    }

    public string Unprotect(string protectedText)
    {
        using var aes = new AesGcm(_key, 16);
        var all = Convert.FromHexString(protectedText);
        var clear = new byte[all.Length - 28];
        aes.Decrypt(all.AsSpan(0, 12), all.AsSpan(28), all.AsSpan(12, 16), clear);
        return Encoding.UTF8.GetString(clear);
    }

    public string Derive(string purpose, string name) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"{purpose}\n{name}")));
}

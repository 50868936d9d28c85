using Ascob.Core.Access;
using Ascob.Core.Timing;

namespace Ascob.Server.Security;

/// <summary>Adds what decides who may do what.</summary>
internal static class SecurityRegistration
{
    public static IServiceCollection AddAscobSecurity(this IServiceCollection services)
    {
        services.AddSingleton<FixedTokens>();
        services.AddSingleton(s => new TokenRules(s.GetRequiredService<FixedTokens>().Identifiers));
        services.AddSingleton(s => new TokenService(
            s.GetRequiredService<ITokenStore>(), s.GetRequiredService<MonotonicClock>(), s.GetRequiredService<TokenRules>()));
        services.AddSingleton<TokenAuthenticator>();
        services.AddSingleton<FailedAttempts>();
        services.AddSingleton<OperatorSessions>();
        services.AddHostedService<FixedTokenCheck>();
        services.AddHostedService(s => new FirstToken(s.GetRequiredService<FixedTokens>(), s.GetRequiredService<TokenService>(), Console.Out));
        return services;
    }
}

using Ascob.Core.Backends;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ascob.Backends.Http;

/// <summary>What adapters over HTTP read from their configuration.</summary>
internal static class BackendContextExtensions
{
    extension(BackendContext context)
    {
        /// <summary>Gets the clock: the one that all servers of a database share, because times stand in the keys of runs and are compared with those that another server wrote.</summary>
        public TimeProvider Time => context.Services.GetService(typeof(MonotonicClock)) is MonotonicClock clock
            ? new ClockTimeProvider(clock)
            : (TimeProvider?)context.Services.GetService(typeof(TimeProvider)) ?? TimeProvider.System;

        /// <summary>Gets the address of the backend, with a slash at its end.</summary>
        /// <exception cref="BackendConfigurationException">It is missing or no HTTP address.</exception>
        public Uri BaseUrl(string? preset = null)
        {
            var text = context.Settings("Url") ?? preset;
            if (text is null || !Uri.TryCreate(text.EndsWith('/') ? text : text + "/", UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.UserInfo.Length > 0
                || url.Query.Length > 0 || url.Fragment.Length > 0)
            {
                throw context.Wrong("Url", "an http or https address without user, query and fragment");
            }

            return url;
        }

        /// <summary>Gets a setting that must be there.</summary>
        /// <exception cref="BackendConfigurationException">It is missing.</exception>
        public string Required(string key) => context.Settings(key) is { Length: > 0 } value ? value : throw context.Wrong(key, "set");

        /// <summary>Gets a setting that is true or false.</summary>
        /// <exception cref="BackendConfigurationException">It is neither.</exception>
        public bool Flag(string key, bool preset) => context.Settings(key) is not { Length: > 0 } text
            ? preset
            : bool.TryParse(text, out var value) ? value : throw context.Wrong(key, "true or false");

        /// <summary>Makes the complaint about a setting; the value, which may be a secret, is not in it.</summary>
        public BackendConfigurationException Wrong(string key, string expected) => new($"Ascob:Backends:{context.Id}:{key} must be {expected}.");

        /// <summary>Gets the log of an adapter.</summary>
        public ILogger Log<T>() => ((ILoggerFactory?)context.Services.GetService(typeof(ILoggerFactory)) ?? NullLoggerFactory.Instance).CreateLogger<T>();
    }
}

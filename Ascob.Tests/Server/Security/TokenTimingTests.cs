using System.Diagnostics;
using Ascob.Core.Access;
using Ascob.Server.Security;
using Ascob.Tests.Server.Api;

namespace Ascob.Tests.Server.Security;

/// <summary>
/// Whether the time of a refusal tells how much of a guess was right. Guesses that share nearly all of the secret and guesses that share nothing are timed in turn, and Welch's t-test
/// compares the two; an everyday comparison that stops at the first difference shows that the test would see a leak.
/// </summary>
public sealed class TokenTimingTests(ITestOutputHelper output)
{
    private const int Samples = 4_000;
    private const int CallsInASample = 16;
    private const int Rounds = 5;
    private const int Guesses = 32;

    // The usual bound of such tests. A leak is above it in most rounds, noise in hardly any.
    private const double Bound = 4.5;

    // The slower half of the samples tells of the machine's other work.
    private const double Kept = 0.5;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task BruteForce_TheTimeOfARefusal_DoesNotTellHowMuchOfTheSecretWasRight()
    {
        await using var server = await ApiServer.StartWithoutStoreAsync();
        using var owner = await server.ClientAsync([Permissions.JobRunRead]);
        var token = owner.DefaultRequestHeaders.GetValues(AccessMiddleware.Header).Single();
        var authenticator = server.Get<TokenAuthenticator>();
        var near = Enumerable.Range(0, Guesses).Select(_ => Forge(token, shared: 50)).ToArray();
        var far = Enumerable.Range(0, Guesses).Select(_ => Forge(token, shared: 0)).ToArray();

        var real = Compare(near, far, guess => authenticator.AuthenticateAsync(guess, Cancel).AsTask().GetAwaiter().GetResult().Caller is not null);
        var naive = Compare(near, far, guess =>
        {
            // The same work, but for the comparison at its end.
            _ = authenticator.AuthenticateAsync(guess, Cancel).AsTask().GetAwaiter().GetResult();
            return IsEqualNaively(token, guess);
        });

        output.WriteLine($"t, real: {string.Join(' ', real.Select(t => t.ToString("0.0", null)))}; naive: {string.Join(' ', naive.Select(t => t.ToString("0.0", null)))}");
        Assert.True(Median(real) < Bound, $"most rounds tell the two apart: {string.Join(' ', real)}");
        Assert.True(Median(naive) > Bound, $"this test would not see a leak: {string.Join(' ', naive)}");
    }

    private static double Median(double[] rounds) => rounds.Order().ElementAt(Rounds / 2);

    private static double[] Compare(string[] near, string[] far, Func<string, bool> verify) =>
        [.. Enumerable.Range(0, Rounds).Select(round => Math.Abs(Welch(near, far, verify, new Random(20_261_000 + round))))];

    private static double Welch(string[] near, string[] far, Func<string, bool> verify, Random random)
    {
        var times = (Near: new List<double>(Samples), Far: new List<double>(Samples));
        while (times.Near.Count < Samples || times.Far.Count < Samples)
        {
            // In a random order, so that what else the machine does hits both alike.
            var isNear = random.Next(2) == 0;
            var guess = (isNear ? near : far)[random.Next(Guesses)];
            var begun = Stopwatch.GetTimestamp();
            for (var i = 0; i < CallsInASample; i++)
            {
                Assert.False(verify(guess));
            }

            (isNear ? times.Near : times.Far).Add(Stopwatch.GetTimestamp() - begun);
        }

        var limit = times.Near.Concat(times.Far).Order().ElementAt((int)((times.Near.Count + times.Far.Count) * Kept));
        var (a, b) = (Moments(times.Near, limit), Moments(times.Far, limit));
        return (a.Mean - b.Mean) / Math.Sqrt((a.Variance / a.Count) + (b.Variance / b.Count));
    }

    private static (double Mean, double Variance, int Count) Moments(List<double> times, double limit)
    {
        var kept = times.Where(t => t <= limit).ToList();
        var mean = kept.Average();
        return (mean, kept.Sum(t => (t - mean) * (t - mean)) / (kept.Count - 1), kept.Count);
    }

    // Right id, right check sum, and as much of the secret as is said.
    private static string Forge(string token, int shared)
    {
        var right = token.Split('_')[2];
        var wrong = TokenSecret.Create().Secret.Split('_')[2];
        var first = right[shared] == wrong[shared] ? (right[shared] == 'a' ? 'b' : 'a') : wrong[shared];
        return TokenForge.WithCheckSum($"asc_{token.Split('_')[1]}_{right[..shared]}{first}{wrong[(shared + 1)..]}");
    }

    private static bool IsEqualNaively(string token, string guess)
    {
        for (var i = 0; i < token.Length; i++)
        {
            if (token[i] != guess[i])
            {
                return false;
            }
        }

        return true;
    }
}

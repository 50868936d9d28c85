using System.Diagnostics;
using Ascob.Core.Errors;
using Ascob.Server.Persistence.Writing;

namespace Ascob.Tests.Server.Persistence.Writing;

public sealed class WriteQueueTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(2);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SendAsync_WhenTheAnswerComesAsThePatienceEnds_AnswersOrSaysThatItIsUnavailable()
    {
        var queue = new WriteQueue(1_000, Patience);
        var writer = Task.Run(() => CommitAroundTheEndOfPatienceAsync(queue), Stop);
        var surprises = new List<Exception>();
        var answered = 0;

        for (var i = 0; i < 400; i++)
        {
            foreach (var answer in Enumerable.Range(0, 8).Select(_ => queue.SendAsync(new DelegateOperation<int>((_, _) => Task.FromResult(1)), Stop)).ToList())
            {
                switch (await Record.ExceptionAsync(() => answer))
                {
                    case null:
                        answered++;
                        break;
                    case StoreUnavailableException:
                        break;
                    case var other:
                        surprises.Add(other);
                        break;
                }
            }
        }

        queue.Complete();
        await writer;
        Assert.Empty(surprises);
        Assert.NotEqual(0, answered);
    }

    private static async Task CommitAroundTheEndOfPatienceAsync(WriteQueue queue)
    {
        var random = new Random(20_260_901);
        var batch = new List<WriteOperation>();
        while (await queue.Reader.WaitToReadAsync(CancellationToken.None))
        {
            batch.Clear();
            queue.Drain(batch);
            var begun = Stopwatch.GetTimestamp();
            var commit = Patience * (0.8 + (0.4 * random.NextDouble()));
            SpinWait.SpinUntil(() => Stopwatch.GetElapsedTime(begun) >= commit);
            batch.ForEach(o => o.Complete());
        }
    }
}

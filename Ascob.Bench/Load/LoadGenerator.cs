using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Ascob.Bench.Load;

/// <summary>
/// Drives a server with many connections from one thread, so that little of the machine is taken from the server. Two ways: <see cref="Closed"/> (each connection sends its next request
/// when it has its answer: the highest rate) and <see cref="AtRate"/> (requests are due at fixed times, whether or not the server keeps up: honest latencies).
/// </summary>
internal sealed class LoadGenerator(IPEndPoint server, int connections, int wanted)
{
    /// <summary>As fast as the server answers, for some time.</summary>
    public LoadResult Closed(Func<int, byte[]> request, TimeSpan duration) =>
        Drive(request, duration.TotalSeconds, perSecond: 0, most: int.MaxValue);

    /// <summary>As fast as the server answers, so many requests.</summary>
    public LoadResult Count(Func<int, byte[]> request, int count) => Drive(request, double.MaxValue, perSecond: 0, count);

    /// <summary>At a fixed rate, for some time.</summary>
    public LoadResult AtRate(Func<int, byte[]> request, double perSecond, TimeSpan duration) =>
        Drive(request, duration.TotalSeconds, perSecond, (int)(perSecond * duration.TotalSeconds));

    private LoadResult Drive(Func<int, byte[]> request, double seconds, double perSecond, int most)
    {
        var all = new Dictionary<Socket, LoadConnection>();
        try
        {
            for (var i = 0; i < connections; i++)
            {
                var one = new LoadConnection(server);
                all.Add(one.Socket, one);
            }

            var run = new Pass(request, seconds, perSecond, most, wanted);
            return run.Drive(all);
        }
        finally
        {
            foreach (var one in all.Values)
            {
                one.Dispose();
            }
        }
    }

    /// <summary>One measurement.</summary>
    private sealed class Pass(Func<int, byte[]> request, double seconds, double perSecond, int most, int wanted)
    {
        private static readonly double TickMilliseconds = 1000.0 / Stopwatch.Frequency;

        private readonly LatencySample _latency = new();
        private readonly Stack<LoadConnection> _free = new();
        private readonly long _begun = Stopwatch.GetTimestamp();
        private int _sent;
        private int _answered;
        private int _refused;
        private int _firstRefusal;

        public LoadResult Drive(Dictionary<Socket, LoadConnection> all)
        {
            foreach (var one in all.Values)
            {
                _free.Push(one);
            }

            var ready = new List<Socket>(all.Count);
            while (true)
            {
                SendDue();
                if (_free.Count == all.Count && IsOver())
                {
                    return new LoadResult(_answered, _refused, Elapsed(Stopwatch.GetTimestamp()), _latency, _firstRefusal);
                }

                ready.Clear();
                ready.AddRange(all.Keys);
                Socket.Select(ready, null, null, 1000);
                Take(all, ready);
            }
        }

        private void SendDue()
        {
            while (_free.Count > 0 && !IsOver())
            {
                var now = Stopwatch.GetTimestamp();
                var due = perSecond > 0 ? _begun + (long)(_sent / perSecond * Stopwatch.Frequency) : now;
                if (due > now)
                {
                    return;
                }

                var connection = _free.Pop();
                connection.Since = due;
                connection.Send(request(_sent++));
            }
        }

        private void Take(Dictionary<Socket, LoadConnection> all, List<Socket> ready)
        {
            foreach (var socket in ready)
            {
                var connection = all[socket];
                var status = connection.Receive();
                if (status == 0)
                {
                    continue;
                }

                _latency.Add((Stopwatch.GetTimestamp() - connection.Since) * TickMilliseconds);
                _free.Push(connection);
                if (status == wanted)
                {
                    _answered++;
                }
                else
                {
                    _refused++;
                    _firstRefusal = _firstRefusal == 0 ? status : _firstRefusal;
                }
            }
        }

        // At a fixed rate the requests that are due are all sent, however late.
        private bool IsOver() => _sent >= most || (perSecond == 0 && Elapsed(Stopwatch.GetTimestamp()) >= seconds);

        private double Elapsed(long now) => (now - _begun) / (double)Stopwatch.Frequency;
    }
}

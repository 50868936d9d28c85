using System.Globalization;
using System.Text;
using System.Text.Json;
using Ascob.Tests.Docs;
using Ascob.Tests.Server.Api;

namespace Ascob.Tests.Robustness;

/// <summary>Makes requests from the API document: right in most of their parts, and wrong in some.</summary>
internal sealed class RequestGrammar
{
    // What the web server takes as a request line; it refuses longer ones, and addresses that hold a NUL, by itself.
    private const int LongestLine = 8_000;

    private static readonly string[] Types =
    [
        "application/json", "text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=b",
        "application/json; charset=utf-16", "application/json; charset=nonsense", "application/json;;;", "/", "*/*", "a", "application/problem+json", "application/octet-stream",
    ];

    private static readonly string[] Methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "PROPFIND", "get", "X"];

    private static readonly string[] PathTricks =
    [
        "/..%2f..%2fetc/passwd", "//", "/%00", "/./../", "/%c0%ae%c0%ae/", "/%ff%fe", "/;a=b", "/%2e%2e/", "/\\..\\", "/%", "/%zz", "/%u0041", "?", "#x", "/%0d%0aX: y", "/a b", "/\u00e9",
    ];

    private static readonly string[] Elsewhere = ["/", "/api", "/api/", "/login", "/hangfire", "/hangfire/jobs/enqueued", "/swagger/v1/nothing", "/api/webhooks", "/favicon.ico", "*"];

    private readonly List<Operation> _operations = [];
    private readonly long _ended;

    /// <param name="ended">The number of a run that is final.</param>
    public RequestGrammar(long ended)
    {
        _ended = ended;
        var document = JsonDocument.Parse(Repository.Read("docs", "openapi.json")).RootElement;
        foreach (var path in document.GetProperty("paths").EnumerateObject())
        {
            foreach (var method in path.Value.EnumerateObject())
            {
                string[] names = method.Value.TryGetProperty("parameters", out var parameters)
                    ? [.. parameters.EnumerateArray().Where(p => p.GetProperty("in").GetString() == "query").Select(p => p.GetProperty("name").GetString()!)]
                    : [];
                _operations.Add(new Operation(method.Name.ToUpperInvariant(), path.Name, names, method.Value.TryGetProperty("requestBody", out _)));
            }
        }
    }

    /// <summary>Makes a request; the same one for the same seed.</summary>
    public RawRequest Make(int seed)
    {
        var random = new Random(seed);
        var mangler = new JsonMangler(random);

        // Submissions are the most worth attacking.
        var operation = random.Next(3) == 0 ? _operations.First(o => o is { Method: "POST", Path: "/api/runs" }) : _operations[random.Next(_operations.Count)];
        var breaks = false;
        var method = random.Next(25) == 0 ? Methods[random.Next(Methods.Length)] : operation.Method;
        var target = Target(operation, random, mangler, ref breaks);
        var headers = new List<string>();
        Headers(headers, random, mangler, ref breaks);
        var isHuge = false;
        byte[] body = [];
        if (operation.HasBody || random.Next(30) == 0)
        {
            body = Body(operation, random, mangler, headers, out isHuge);
        }

        var incomplete = Length(headers, body, random, ref breaks);
        breaks |= target.Length > LongestLine || target == "*" || target.Split('?')[0].Contains("%00", StringComparison.Ordinal);
        var head = Encoding.Latin1.GetBytes($"{method} {target} HTTP/1.1\r\n{string.Join("\r\n", headers)}\r\nConnection: close\r\n\r\n");
        return new RawRequest(method, target, [.. head, .. body], breaks, incomplete, isHuge || body.Length > 1 << 20);
    }

    private string Target(Operation operation, Random random, JsonMangler mangler, ref bool breaks)
    {
        if (random.Next(40) == 0)
        {
            return Elsewhere[random.Next(Elsewhere.Length)];
        }

        var path = operation.Path;
        while (path.IndexOf('{', StringComparison.Ordinal) is >= 0 and var from)
        {
            path = path[..from] + Segment(path[from..(path.IndexOf('}', from) + 1)], random, mangler) + path[(path.IndexOf('}', from) + 1)..];
        }

        if (random.Next(25) == 0)
        {
            path += PathTricks[random.Next(PathTricks.Length)];
            breaks = true;
        }

        if (random.Next(60) == 0)
        {
            path = "http://elsewhere.example" + path;
            breaks = true;
        }

        if (random.Next(60) == 0)
        {
            path += new string('a', random.Next(2_000, 12_000));
            breaks = true;
        }

        var query = operation.Query.Where(_ => random.Next(3) == 0).Select(name => $"{name}={Uri.EscapeDataString(Wellformed(mangler.Text()))}").ToList();
        if (random.Next(10) == 0)
        {
            query.Add($"{Uri.EscapeDataString(Wellformed(mangler.Text()))}={(random.Next(2) == 0 ? "%ff%00" : "1")}");
        }

        return query.Count == 0 ? path : $"{path}?{string.Join('&', query)}";
    }

    private string Segment(string name, Random random, JsonMangler mangler)
    {
        var isRun = name == "{id}";
        return random.Next(isRun ? 2 : 3) switch
        {
            0 when isRun => _ended.ToString(CultureInfo.InvariantCulture),
            0 => "name",
            _ => Wellformed(mangler.Text()) is { Length: > 0 } text ? Uri.EscapeDataString(text) : "-1",
        };
    }

    private static void Headers(List<string> headers, Random random, JsonMangler mangler, ref bool breaks)
    {
        headers.Add("Host: localhost");
        headers.Add(random.Next(40) switch
        {
            0 => "X-None: 1",
            1 => "X-Api-Token: " + new string('t', random.Next(1, 600)),
            2 => $"X-Api-Token: {ApiServer.RootToken}\r\nX-Api-Token: {ApiServer.RootToken}",
            _ => "X-Api-Token: " + ApiServer.RootToken,
        });
        switch (random.Next(30))
        {
            case 0:
                headers.Add("Idempotency-Key: " + new string('k', random.Next(0, 400)));
                break;
            case 1:
                headers.Add("Idempotency-Key: \u00e4\u00f6 \t,");
                breaks = true;
                break;
            case 2:
                headers.Add($"Range: bytes={random.Next(-9, 9)}-{Wellformed(mangler.Text()).Replace('\r', '_').Replace('\n', '_')}");
                breaks = true;
                break;
            case 3:
                headers.Add("Last-Event-ID: -5");
                break;
            case 4:
                headers.Add("Accept: text/event-stream, ;q=x");
                break;
            case 5:
                headers.Add("Expect: 100-continue");
                break;
            case 6:
                headers.Add("Content-Encoding: gzip");
                break;
            case 7:
                headers.Add("X-" + new string('h', random.Next(100, 40_000)) + ": 1");
                breaks = true;
                break;
            case 8:
                headers.AddRange(Enumerable.Range(0, random.Next(50, 200)).Select(i => string.Create(CultureInfo.InvariantCulture, $"X-{i}: 1")));
                breaks = true;
                break;
            case 9:
                headers.Add("X-Bad\u0001: \u0000");
                breaks = true;
                break;
            case 10:
                headers.Add("Host: twice");
                breaks = true;
                break;
            case 11:
                headers.Add("If-Match: *\r\nCookie: =;;=;\r\nX-Forwarded-For: ::::\r\nOrigin: null");
                break;
            default:
                break;
        }
    }

    private static byte[] Body(Operation operation, Random random, JsonMangler mangler, List<string> headers, out bool isHuge)
    {
        var json = mangler.Mangle(GoodBodies.For(operation.Path, random), out isHuge);
        if (operation.Path == "/api/runs" && random.Next(6) == 0)
        {
            headers.Add("Content-Type: multipart/form-data; boundary=b");
            return Multipart(json, random, mangler);
        }

        headers.Add("Content-Type: " + (random.Next(12) == 0 ? Types[random.Next(Types.Length)] : "application/json"));
        return json;
    }

    private static byte[] Multipart(byte[] json, Random random, JsonMangler mangler)
    {
        var name = Wellformed(mangler.Text()).Replace("\r", "%0d", StringComparison.Ordinal).Replace("\n", "%0a", StringComparison.Ordinal);
        byte[] form =
        [
            .. "--b\r\nContent-Disposition: form-data; name=\"request\"\r\n\r\n"u8, .. json,
            .. Encoding.UTF8.GetBytes($"\r\n--b\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"../{name}\"\r\n\r\nfile\r\n--b--\r\n"),
        ];
        return random.Next(4) switch
        {
            0 => form[..random.Next(form.Length)],
            1 => [.. form, .. form],
            2 => [.. "--b\r\n"u8, .. form],
            _ => form,
        };
    }

    private static bool Length(List<string> headers, byte[] body, Random random, ref bool breaks)
    {
        switch (random.Next(60))
        {
            case 0:
                headers.Add(string.Create(CultureInfo.InvariantCulture, $"Content-Length: {body.Length + random.Next(1, 1000)}"));
                breaks = true;
                return true;
            case 1:
                headers.Add("Transfer-Encoding: chunked");
                breaks = true;
                return true;
            case 2:
                headers.Add("Content-Length: -1");
                breaks = true;
                return true;
            case 3 when body.Length > 0:
                headers.Add("Content-Length: 99999999999");
                breaks = true;
                return true;
            default:
                headers.Add(string.Create(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}"));
                return false;
        }
    }

    // Half a surrogate pair cannot be escaped for an address.
    private static string Wellformed(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

    private sealed record Operation(string Method, string Path, IReadOnlyList<string> Query, bool HasBody);
}

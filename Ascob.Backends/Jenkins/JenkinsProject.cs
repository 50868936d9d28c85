using Ascob.Core.Jobs;

namespace Ascob.Backends.Jenkins;

/// <summary>A job of Jenkins by its full name: folders and name, with slashes between them.</summary>
/// <param name="FullName">Such as <c>team/app</c>; a name that Jenkins itself has encoded (<c>feature%2Fx</c>, a branch) is written as Jenkins has it.</param>
internal sealed record JenkinsProject(string FullName)
{
    public const string Label = "jenkins_project_name";

    /// <summary>Gets the path below <c>job/</c>, with nothing encoded yet.</summary>
    public string Path { get; } = string.Join("/job/", FullName.Split('/'));

    /// <summary>Gets the encoded path below the root.</summary>
    public string EncodedPath { get; } = "job/" + string.Join("/job/", FullName.Split('/').Select(Uri.EscapeDataString)) + "/";

    public static JenkinsProject? Of(JobSpec spec) => spec.Label(Label) is { } name && Fault(name) is null ? new JenkinsProject(name) : null;

    public static JenkinsProject? Of(IReadOnlyDictionary<string, string> keys) =>
        keys.TryGetValue(JenkinsKeys.Project, out var name) && Fault(name) is null ? new JenkinsProject(name) : null;

    /// <summary>Says what is wrong with a name; null when it can be one.</summary>
    public static string? Fault(string name) => name.Split('/').FirstOrDefault(s => s is "" or "." or ".." || s.Trim() != s || s.Any(c => char.IsControl(c) || c is '?' or '#' or '\\')) is { } segment
        ? $"'{segment}' cannot be the name of a Jenkins folder or job; a job is named as folder/folder/job, without slashes at the ends"
        : null;

    /// <summary>Answers whether an item of the queue is one of this job. The address that Jenkins tells may have another host than ours, and other ways to encode.</summary>
    public bool IsTaskOf(JenkinsItem item)
    {
        if (item.Task?.Url is not { } text || !Uri.TryCreate(text, UriKind.Absolute, out var url))
        {
            return false;
        }

        var path = url.AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Uri.UnescapeDataString).ToArray();
        var own = FullName.Split('/').SelectMany(s => (string[])["job", s]).ToArray();

        // Folders could end alike: what stands before our path must not be a folder itself.
        return path.AsSpan().EndsWith(own) && (path.Length < own.Length + 2 || path[^(own.Length + 2)] != "job");
    }
}

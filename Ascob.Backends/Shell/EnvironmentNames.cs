namespace Ascob.Backends.Shell;

/// <summary>Which parameter names a job may get as environment variables.</summary>
internal static class EnvironmentNames
{
    private static readonly HashSet<string> Refused = new(StringComparer.OrdinalIgnoreCase)
    {
        "PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TZDIR", "SHELL", "USER", "LOGNAME", "PWD", "OLDPWD", "TMPDIR", "TERMINFO", "TERMCAP", "TERMINFO_DIRS", "HOSTALIASES",
        "LOCALDOMAIN", "RES_OPTIONS", "RESOLV_HOST_CONF", "NLSPATH", "LOCPATH", "GCONV_PATH", "GLIBC_TUNABLES", "GETCONF_DIR", "NIS_PATH",
        "BASH_ENV", "ENV", "IFS", "CDPATH", "SHELLOPTS", "BASHOPTS", "BASH_XTRACEFD", "BASH_COMPAT", "POSIXLY_CORRECT", "PS0", "PS1", "PS2", "PS3", "PS4", "PROMPT_COMMAND",
        "GLOBIGNORE", "FIGNORE", "EXECIGNORE", "HISTFILE", "INPUTRC", "MAILPATH", "ZDOTDIR", "FPATH", "KSH_ENV", "EDITOR", "VISUAL", "PAGER", "MANPAGER", "BROWSER",
        "LESSOPEN", "LESSCLOSE", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "PYTHONINSPECT", "PYTHONEXECUTABLE", "PYTHONUSERBASE", "PYTHONWARNINGS", "PYTHONBREAKPOINT",
        "PYTHONPLATLIBDIR", "PERL5LIB", "PERLLIB", "PERL5OPT", "PERL5DB", "PERLIO", "RUBYOPT", "RUBYLIB", "RUBYSHELL", "GEM_PATH", "GEM_HOME", "NODE_OPTIONS", "NODE_PATH",
        "NODE_EXTRA_CA_CERTS", "CLASSPATH", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "LUA_PATH", "LUA_CPATH", "LUA_INIT", "PHPRC", "PHP_INI_SCAN_DIR",
        "GIT_SSH", "GIT_SSH_COMMAND", "GIT_EXTERNAL_DIFF", "GIT_EXEC_PATH", "GIT_ASKPASS", "GIT_EDITOR", "GIT_PAGER", "GIT_TEMPLATE_DIR", "SSH_ASKPASS", "SUDO_ASKPASS",
        "TCLLIBPATH", "R_PROFILE", "R_ENVIRON", "OPENSSL_CONF", "OPENSSL_ENGINES", "OPENSSL_MODULES", "SSLKEYLOGFILE", "XDG_CONFIG_HOME", "MAKEFLAGS", "MAKEFILES", "AWKPATH",
        "AWKLIBPATH", "CDSPATH", "JAVA_OPTS", "MAVEN_OPTS", "NSS_WRAPPER_PASSWD", "AUTHSTATE", "LIBPATH", "SHLIB_PATH",
        "TAR_OPTIONS", "RSYNC_RSH", "SVN_SSH", "HGRCPATH", "BORG_RSH", "RESTIC_PASSWORD_COMMAND", "GIT_PROXY_COMMAND", "GIT_DIR", "GIT_WORK_TREE", "GNUMAKEFLAGS", "RUSTC_WRAPPER", "RUSTFLAGS",
        "VIMINIT", "EXINIT", "R_PROFILE_USER", "R_ENVIRON_USER", "GTK_MODULES", "GTK_PATH", "QT_PLUGIN_PATH", "BUNDLE_GEMFILE", "ANSIBLE_CONFIG", "PSMODULEPATH",
        "CURL_HOME", "WGETRC",
    };

    private static readonly string[] RefusedPrefixes =
    [
        "ASCOB_", "LD_", "_RLD_", "DYLD_", "LC_", "BASH_FUNC_", "MALLOC_", "DOTNET_", "COMPLUS_", "CORECLR_", "COR_", "PYTHON_", "LUA_PATH_", "LUA_CPATH_", "LUA_INIT_",
        "GIT_CONFIG", "NSS_WRAPPER_", "LIBC_FATAL", "MUSL_", "GUIX_", "NIX_LD", "NPM_CONFIG_", "CARGO_", "GIT_TRACE",
    ];

    /// <summary>Answers what is wrong with a name; null when it may be used.</summary>
    public static string? Check(string name)
    {
        var isIdentifier = name.Length is > 0 and <= 200
            && (char.IsAsciiLetter(name[0]) || name[0] == '_')
            && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
        if (!isIdentifier)
        {
            return "A shell job gets its parameters as environment variables: a name must consist of letters, digits and '_' and not start with a digit.";
        }

        return name == "_" || Refused.Contains(name) || RefusedPrefixes.Any(p => name.StartsWith(p, StringComparison.OrdinalIgnoreCase))
            ? "This name is reserved: it changes how programs load, how shells behave, or what Ascob tells the job."
            : null;
    }
}

using System.Text.Encodings.Web;
using Fluid;
using Fluid.Ast;
using Fluid.Ast.BinaryExpressions;
using Fluid.Values;

namespace Ascob.Core.Templates;

/// <summary>Puts a value into the text. Stands in place of the engine's own statement, which leaves out what is empty and knows no quoting by place.</summary>
internal sealed class ValueStatement(Expression expression) : Statement
{
    public Expression Expression { get; } = expression;

    public override async ValueTask<Completion> WriteToAsync(TextWriter writer, TextEncoder encoder, TemplateContext context)
    {
        context.IncrementSteps();
        var value = await Expression.EvaluateAsync(context).ConfigureAwait(false);
        if (writer is not ShellWriter shell || value is StringValue { Encode: false })
        {
            writer.Write(TemplateValues.Text(value));
        }
        else if (value is ArrayValue)
        {
            shell.Put([.. TemplateValues.Words(value)]);
        }
        else
        {
            shell.Put(TemplateValues.Text(value));
        }

        return Completion.Normal;
    }

    protected override Statement Accept(AstVisitor visitor)
    {
        (visitor as TemplateNames)?.Visit(Expression);
        return this;
    }
}

/// <summary>Exchanges the statements that put values in, and has the work on values counted.</summary>
internal sealed class ValueRewriter : AstRewriter
{
    protected override Statement VisitOutputStatement(OutputStatement outputStatement) => new ValueStatement(Visit(outputStatement.Expression));

    protected override Expression VisitMemberExpression(MemberExpression memberExpression) => new WeighedExpression(
        memberExpression.Segments.Any(s => s is IndexerSegment)
            ? new MemberExpression([.. memberExpression.Segments.Select(s => s is IndexerSegment index ? new IndexerSegment(Visit(index.Expression)) : s)])
            : memberExpression);

    protected override Expression VisitContainsBinaryExpression(ContainsBinaryExpression containsBinaryExpression) =>
        new WeighedSearch(Visit(containsBinaryExpression.Left), Visit(containsBinaryExpression.Right));
}

/// <summary>Collects which variables a template reads from outside, and refuses what has no bound.</summary>
internal sealed class TemplateNames : AstVisitor
{
    private readonly HashSet<string> _own = new(StringComparer.Ordinal) { "forloop" };
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    /// <summary>Gets what is read, also of what the template sets itself: it may read a value before it sets another.</summary>
    public IReadOnlySet<string> All => _read;

    /// <summary>Gets what is read and never set by the template itself.</summary>
    public IReadOnlySet<string> Read => _read.Where(n => !_own.Contains(n)).ToHashSet(StringComparer.Ordinal);

    protected override Expression VisitMemberExpression(MemberExpression memberExpression)
    {
        if (memberExpression.Segments is [IdentifierSegment first, ..])
        {
            _read.Add(first.Identifier);
        }

        foreach (var index in memberExpression.Segments.OfType<IndexerSegment>())
        {
            Visit(index.Expression);
        }

        return base.VisitMemberExpression(memberExpression);
    }

    protected override Expression VisitFilterExpression(FilterExpression filterExpression) => TemplateLanguage.Options.Filters.TryGetValue(filterExpression.Name, out _)
        ? base.VisitFilterExpression(filterExpression)
        : throw new TemplateException($"there is no filter '{filterExpression.Name}'.");

    protected override Expression VisitRangeExpression(RangeExpression rangeExpression) => throw new TemplateException("ranges such as (1..10) are not supported.");

    protected override Statement VisitAssignStatement(AssignStatement assignStatement)
    {
        _own.Add(assignStatement.Identifier);
        return base.VisitAssignStatement(assignStatement);
    }

    protected override Statement VisitCaptureStatement(CaptureStatement captureStatement)
    {
        _own.Add(captureStatement.Identifier);
        return base.VisitCaptureStatement(captureStatement);
    }

    protected override Statement VisitForStatement(ForStatement forStatement)
    {
        _own.Add(forStatement.Identifier);
        return base.VisitForStatement(forStatement);
    }
}

using Fluid;
using Fluid.Ast;
using Fluid.Ast.BinaryExpressions;
using Fluid.Values;

namespace Ascob.Core.Templates;

/// <summary>A variable that is read: whatever is done with its value then costs about as much as it is long.</summary>
internal sealed class WeighedExpression(Expression inner) : Expression
{
    public override async ValueTask<FluidValue> EvaluateAsync(TemplateContext context)
    {
        var value = await inner.EvaluateAsync(context).ConfigureAwait(false);
        TemplateInput.Of(context).SpendOn(value);
        return value;
    }

    protected override Expression Accept(AstVisitor visitor)
    {
        visitor.Visit(inner);
        return this;
    }
}

/// <summary>Looks for one value in another, which can cost as much as the product of their lengths.</summary>
internal sealed class WeighedSearch(Expression left, Expression right) : Expression
{
    // Some characters are compared at once.
    private const int AtOnce = 32;

    public override async ValueTask<FluidValue> EvaluateAsync(TemplateContext context)
    {
        var (where, what) = (await left.EvaluateAsync(context).ConfigureAwait(false), await right.EvaluateAsync(context).ConfigureAwait(false));
        Spend(TemplateInput.Of(context), where, what);
        return await new ContainsBinaryExpression(new LiteralExpression(where), new LiteralExpression(what)).EvaluateAsync(context).ConfigureAwait(false);
    }

    /// <summary>Takes the work of looking for a value in another one.</summary>
    public static void Spend(TemplateInput input, FluidValue where, FluidValue what)
    {
        var length = input.SpendOn(where);
        input.Spend(length * (input.SpendOn(what) / AtOnce));
    }

    protected override Expression Accept(AstVisitor visitor)
    {
        visitor.Visit(left);
        visitor.Visit(right);
        return this;
    }
}

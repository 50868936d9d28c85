namespace Ascob.Core.Definitions;

/// <summary>Finds the items that two lists have in common, in their order, and pairs up what stands in between.</summary>
internal static class ListAlignment
{
    // Beyond it (a schema's enum of thousands) items are compared place by place.
    private const int MostCells = 1_000_000;

    /// <summary>Answers pairs of places in the one list and the other that differ: an item that became another one, one that is gone (no place after) or one that came (no place before).</summary>
    public static IReadOnlyList<(int? Before, int? After)> Of(IReadOnlyList<string> before, IReadOnlyList<string> after)
    {
        var start = 0;
        while (start < before.Count && start < after.Count && before[start] == after[start])
        {
            start++;
        }

        var (endBefore, endAfter) = (before.Count, after.Count);
        while (endBefore > start && endAfter > start && before[endBefore - 1] == after[endAfter - 1])
        {
            endBefore--;
            endAfter--;
        }

        var pairs = new List<(int?, int?)>();
        var (left, right) = (start, start);
        foreach (var (i, j) in Common(before, after, start, endBefore, endAfter))
        {
            Gap(left, i, right, j, pairs);
            (left, right) = (i + 1, j + 1);
        }

        Gap(left, endBefore, right, endAfter, pairs);
        return pairs;
    }

    // The longest row of equal items, by the usual table of lengths from the end.
    private static IEnumerable<(int Before, int After)> Common(IReadOnlyList<string> before, IReadOnlyList<string> after, int start, int endBefore, int endAfter)
    {
        var (rows, columns) = (endBefore - start, endAfter - start);
        if (rows == 0 || columns == 0 || (long)rows * columns > MostCells)
        {
            yield break;
        }

        var lengths = new int[rows + 1, columns + 1];
        for (var i = rows - 1; i >= 0; i--)
        {
            for (var j = columns - 1; j >= 0; j--)
            {
                lengths[i, j] = before[start + i] == after[start + j] ? lengths[i + 1, j + 1] + 1 : Math.Max(lengths[i + 1, j], lengths[i, j + 1]);
            }
        }

        var (row, column) = (0, 0);
        while (row < rows && column < columns)
        {
            if (before[start + row] == after[start + column])
            {
                yield return (start + row++, start + column++);
            }
            else if (lengths[row + 1, column] >= lengths[row, column + 1])
            {
                row++;
            }
            else
            {
                column++;
            }
        }
    }

    private static void Gap(int left, int leftEnd, int right, int rightEnd, List<(int?, int?)> pairs)
    {
        for (; left < leftEnd || right < rightEnd; left++, right++)
        {
            pairs.Add((left < leftEnd ? left : null, right < rightEnd ? right : null));
        }
    }
}

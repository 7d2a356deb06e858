"""What a surface that is known on a grid says between the grid's points: a cubic through the four nearest each way."""

import numpy as np

NEAREST = 4


def between(rows, columns, values, row, column):
    """A surface at other points; exact where it is a cubic in each coordinate.

    Args:
        rows: (R,) and columns: (C,), rising, at least four each.
        values: (R, C), the surface there.
        row: (M,) and column: (K,), where it is asked for, inside the grid.

    Returns:
        (M, K).

    Raises:
        ValueError: the shapes do not fit, a number is not finite, or a point lies beside the grid.

    >>> grid = np.arange(5.0)
    >>> between(grid, grid, np.add.outer(grid**2, grid), [1.5], [0.25]).item()
    2.5
    """
    rows, columns, values = (np.asarray(one, dtype=float) for one in (rows, columns, values))
    if values.shape != (*rows.shape, *columns.shape) or values.ndim != 2 or not np.isfinite(values).all():
        raise ValueError(f"got {values.shape} finite or other values, expected {(*rows.shape, *columns.shape)} finite")
    return _weights(rows, row) @ values @ _weights(columns, column).T


def _weights(grid, points):
    """What each point of the grid (G,) counts at each point asked for (M,): (M, G)."""
    points = np.asarray(points, dtype=float)
    if len(grid) < NEAREST or not (np.diff(grid) > 0).all():
        raise ValueError(f"got a grid of {len(grid)} points, expected at least {NEAREST} and rising")
    if not ((grid[0] <= points) & (points <= grid[-1])).all():
        raise ValueError(f"got points from {points.min():g} to {points.max():g}, expected {grid[0]:g} to {grid[-1]:g}")
    first = np.clip(np.searchsorted(grid, points) - 2, 0, len(grid) - NEAREST)
    used = first[:, None] + np.arange(NEAREST)  # (M, 4)
    near, weights = grid[used], np.zeros((len(points), len(grid)))
    for i in range(NEAREST):
        others = np.delete(near, i, axis=1)
        weight = np.prod((points[:, None] - others) / (near[:, i, None] - others), axis=1)
        weights[np.arange(len(points)), used[:, i]] = weight
    return weights

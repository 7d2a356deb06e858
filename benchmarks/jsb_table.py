"""The table of the JSB runs, `jsb.md`, from the stored results."""

from statistics import fmean, stdev

from dmm.runs.published import JSB, PAPER

HEAD = """# The JSB chorales, measured

Nats per quarter-note frame on the test split (77 pieces, 4,725 frames); lower is better. **b** is the bound, **a** the
importance-sampled likelihood with S = {samples} draws, **c** the bound as a mean of pieces (definitions:
`dmm/evaluation.py`). Each row is trained by the fused engine with one thread, on a machine that had other work as well
(so the seconds are upper limits); the weights with the best validation bound are kept, and those alone are judged on
the test split, once. The error over draws is at most {error:.3f}; over pieces (how far another 77 chorales would move
b) it is about {pieces:.2f}. Of the draws only about {effective:.0f} carry the weight of a: it would still fall a little
with more of them. Written by `benchmarks/jsb.py` from `benchmarks/jsb_results.jsonl`.

| row | sizes | seeds | epochs | seconds | best at epoch (s) | valid b | test a | test b | test c |
|-----|-------|-------|-------:|--------:|------------------:|--------:|-------:|-------:|-------:|
"""


def write(path, rows, records):
    """Write the table: a line for each row, with the mean over its seeds and, of several, the standard deviation."""
    tests = [record["test"] for record in records]
    text = HEAD.format(
        samples=tests[0]["samples"],
        error=max(max(test["nll_is_se"], test["nll_bound_se"]) for test in tests),
        pieces=fmean(test["nll_bound_se_pieces"] for test in tests),
        effective=fmean(test["effective_samples"] for test in tests),
    )
    for name, row in rows.items():
        mine = [record for record in records if record["row"] == name]
        if mine:
            text += _line(name, row, mine)
    text += "\n## What each row is\n\n"
    text += "".join(
        f"- **{name}**: {row.words}\n" for name, row in rows.items() if any(r["row"] == name for r in records)
    )
    text += "\n## Published, for comparison\n\n| | a | b |\n|---|--:|--:|\n"
    for place, one in enumerate(JSB):
        words = f"{one.where}: {one.name}" if one.where.startswith("Table") else f"{one.where}, {one.name}"
        text += f"| {words if place else f'{PAPER}, {words}'} | {_number(one.a)} | {_number(one.b)} |\n"
    path.write_text(text)


def _line(name, row, records):
    def mean(values, digits=3):
        values = list(values)
        spread = f" ± {stdev(values):.{digits}f}" if len(values) > 1 else ""
        return f"{fmean(values):.{digits}f}{spread}"

    seeds = ", ".join(str(record["seed"]) for record in records)
    best = mean((record["best_epoch"] for record in records), 0)
    cells = [
        name,
        row.preset,
        seeds,
        mean((record["epochs"] for record in records), 0),
        mean((record["seconds"] for record in records), 0),
        f"{best} ({mean((record['best_seconds'] for record in records), 0)})",
        mean(record["valid_bound"] for record in records),
        *(mean(record["test"][key] for record in records) for key in ("nll_is", "nll_bound", "nll_bound_per_sequence")),
    ]
    return "| " + " | ".join(cells) + " |\n"


def _number(value):
    return "" if value is None else f"{value:.3f}"

"""Tables of a benchmark for people: Markdown, HTML, LaTeX, all from the same cells.

Published numbers stand in a column of their own, named so; what was measured by choosing the epoch on the
held-out fold stands under "not a result".
"""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fleeting.bench.plan import BASELINES
from fleeting.bench.summary import ALL

Results = Mapping[str, Any]

# Under which names the numbers of cards were published, and how many rows such a set has: published numbers
# are shown beside the very same set only.
PUBLISHED_AS = {
    "megc2019-flow": (
        442,
        {
            ALL: "MEGC2019 composite",
            "casme2": "MEGC2019 CASME II",
            "samm": "MEGC2019 SAMM",
            "smic": "MEGC2019 SMIC",
        },
    ),
}
NOTHING = "–"


@dataclass(frozen=True)
class Table:
    """A heading, a header and rows of text; ``note`` stands below."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def rows_told(data: Mapping[str, Any]) -> str:
    """Say how many samples a set gave, and out of how many where some could not be prepared.

    Examples
    --------
    >>> rows_told({"n": 145, "missing": []}), rows_told({"n": 145, "missing": [{}, {}]})
    ('145 samples', '145 of 147 samples')
    """
    lost = len(data.get("missing", ()))
    return f"{data['n']} of {data['n'] + lost} samples" if lost else f"{data['n']} samples"


def brief_table(results: Results, data: str) -> Table:
    """Give the systems on one set in a few narrow columns, for a terminal."""
    scores = [one for one in _scores(results, data) if one["subset"] == ALL]
    oracle = any(one["oracle"] for one in scores)
    header = ("system", "UF1", "95 %", "UAR", "accuracy", *(["oracle, not a result"] if oracle else []))
    rows = []
    for one in scores:
        low, high = _number(one["uf1"]["low"]), _number(one["uf1"]["high"])
        row = [one["system"], _number(one["uf1"]["value"]), f"{low}..{high}"]
        row += [_number(one[name]["value"]) for name in ("uar", "accuracy")]
        row += [_number(one["oracle"]["uf1"] if one["oracle"] else None)] if oracle else []
        rows.append(tuple(row))
    return Table(f"{data}, {results['settings']['protocol']}", header, tuple(rows))


def make_tables(results: Results) -> list[Table]:
    """Give every table of a benchmark as text cells.

    Parameters
    ----------
    results
        What ``results.json`` holds.

    Returns
    -------
    list of Table
        For each set: systems, parts of the set, tests between systems, a matrix for each system; at the end
        what failed.
    """
    made = []
    for data in results["data"]:
        made.append(_systems(results, data))
        parts = _parts(results, data)
        made += [parts] if parts.rows else []
        tests = _tests(results, data["name"])
        made += [tests] if tests.rows else []
        made += [_matrix(score) for score in _scores(results, data["name"]) if score["subset"] == ALL]
        made += [_missing(data)] if data.get("missing") else []
    if results["failures"]:
        rows = tuple(
            (one["system"], one["data"], one["fold"], str(one["seed"]), one["error"])
            for one in results["failures"]
        )
        made.append(
            Table(
                "Failed", ("system", "data", "fold", "seed", "error"), rows,
                "A system with a failed fold has no score on that set.",
            )
        )  # fmt: skip
    return made


def _systems(results: Results, data: Mapping[str, Any]) -> Table:
    scores = [one for one in _scores(results, data["name"]) if one["subset"] == ALL]
    oracle = any(one["oracle"] for one in scores)
    header = ["system", "n", "seeds", "UF1 [95 %]", "UAR [95 %]", "accuracy [95 %]"]
    header += [f"F1 {name}" for name in data["classes"]]
    header += ["UF1 sd over seeds"]
    header += ["oracle epoch UF1 (not a result)"] if oracle else []
    header += ["training s", "published UF1"]
    rows = []
    for one in scores:
        row = [one["system"], rows_told(data).removesuffix(" samples"), str(len(one["seeds"]))]
        row += [_estimate(one[name]) for name in ("uf1", "uar", "accuracy")]
        row += [_number(one["f1"][name]) for name in data["classes"]]
        row += [_number(one["uf1"]["sd"])]
        row += [_number(one["oracle"]["uf1"] if one["oracle"] else None)] if oracle else []
        row += [_seconds(results, one), _published(results, data, one["system"], ALL)]
        rows.append(tuple(row))
    protocol = results["settings"]["protocol"]
    counts = ", ".join(f"{name} {count}" for name, count in data["counts"].items())
    return Table(
        f"{data['name']}, {protocol}",
        tuple(header),
        tuple(rows),
        f"{rows_told(data)} of {data['subjects']} subjects ({counts}). Matrices are pooled over folds, then"
        " scored; over several seeds the mean. Intervals are from resampled subjects."
        + (" The oracle column shows what choosing the epoch on the held-out fold feigns." if oracle else ""),
    )


def _parts(results: Results, data: Mapping[str, Any]) -> Table:
    rows = [
        (
            one["subset"],
            one["system"],
            str(one["n"]),
            _estimate(one["uf1"]),
            _estimate(one["uar"]),
            _published(results, data, one["system"], one["subset"]),
        )
        for one in _scores(results, data["name"])
        if one["subset"] != ALL
    ]
    header = ("dataset", "system", "n", "UF1 [95 %]", "UAR [95 %]", "published UF1")
    return Table(f"{data['name']} by dataset, same run", header, tuple(rows))


def _tests(results: Results, data: str) -> Table:
    rows = [
        (
            one["first"],
            one["second"],
            f"{one['difference']:+.4f} [{_signed(one['low'])}, {_signed(one['high'])}]",
            f"{one['p']:.4f}",
            f"{one['p_holm']:.4f}",
        )
        for one in results["tests"]
        if one["data"] == data
    ]
    return Table(
        f"{data}: differences of UF1",
        ("first", "second", "first - second [95 %]", "p", "p (Holm)"),
        tuple(rows),
        "Paired over subjects, by exchanging whole subjects between two systems.",
    )


def _missing(data: Mapping[str, Any]) -> Table:
    rows = tuple((one["sample"], one["label"], one["reason"]) for one in data["missing"])
    note = "They belong to the set and could not be prepared; no system was measured on them."
    return Table(f"{data['name']}: missing samples", ("sample", "label", "why"), rows, note)


def _matrix(score: Mapping[str, Any]) -> Table:
    rows = [(name, *map(str, counts)) for name, counts in zip(score["classes"], score["matrix"], strict=True)]
    seeds = len(score["seeds"])
    return Table(
        f"{score['data']}, {score['system']}: truth in rows, answers in columns",
        ("", *score["classes"]),
        tuple(rows),
        f"Sum over {seeds} seeds." if seeds > 1 else "",
    )


def _scores(results: Results, data: str) -> list[Mapping[str, Any]]:
    """Scores on a set: baselines first, then the systems in the order in which they were asked for."""
    order = [name for name in BASELINES] + [one["label"] for one in results["systems"]]
    own = [one for one in results["scores"] if one["data"] == data]
    return sorted(own, key=lambda one: (one["subset"] != ALL, one["subset"], order.index(one["system"])))


def _published(results: Results, data: Mapping[str, Any], label: str, subset: str) -> str:
    count, names = PUBLISHED_AS.get(data["name"], (-1, {}))
    if data["n"] != count or results["settings"]["protocol"] != "loso":
        return NOTHING
    system = next(one for one in results["systems"] if one["label"] == label)
    found = [
        f"{one['value']:.4f} ({one['source']})"
        for one in system["published"]
        if one["dataset"] == names.get(subset) and one["metric"] == "UF1"
    ]
    return "; ".join(found) or NOTHING


def _seconds(results: Results, score: Mapping[str, Any]) -> str:
    own = [
        one["fit_s"]
        for one in results["times"]
        if (one["system"], one["data"]) == (score["system"], score["data"])
    ]
    return f"{sum(own):.1f}" if own else NOTHING


def _estimate(one: Mapping[str, Any]) -> str:
    return f"{_number(one['value'])} [{_number(one['low'])}, {_number(one['high'])}]"


def _number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.4f}"


def _signed(value: float | None) -> str:
    return NOTHING if value is None else f"{value:+.4f}"


def _origin(results: Results) -> list[str]:
    """Lines that say how the numbers were made."""
    settings, code, machine = results["settings"], results["code"], results["machine"]
    load = machine["load_1min_at_start"]
    lines = [
        f"fleeting {results['version']}, commit {code['commit'][:12] or 'unknown'}"
        + (" with changes" if code["changed"] else "")
        + f", {results['created']}",
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}"
        + ("" if load is None else f", load {load:.1f}"),
        "settings: " + ", ".join(f"{name} {value}" for name, value in settings.items()),
    ]
    if results["merged_from"]:
        lines.append(f"merged from {len(results['merged_from'])} runs")
    if results.get("wall_s") is not None:
        earlier = results["folds_from_an_earlier_run"]
        more = f", beside {earlier} folds that an earlier run had done" if earlier else ""
        lines.append(f"{results['wall_s']:.1f} s by the clock{more}")
    kinds = [f"{one['label']}: {one['kind']}, {one['title']}" for one in results["systems"]]
    return lines + kinds


def to_markdown(results: Results, tables: Sequence[Table] | None = None) -> str:
    """Write tables as Markdown; those of `make_tables` by default."""
    lines = ["# Benchmark", ""]
    for table in make_tables(results) if tables is None else tables:
        lines += [f"## {table.title}", "", _pipe(table.header), _pipe(["---"] * len(table.header))]
        lines += [_pipe(row) for row in table.rows]
        lines += ["", table.note, ""] if table.note else [""]
    lines += ["## How", "", *(f"- {line}" for line in _origin(results)), ""]
    return "\n".join(lines)


def _pipe(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def to_html(results: Results, tables: Sequence[Table] | None = None) -> str:
    """Write tables as one HTML page that needs nothing else; those of `make_tables` by default."""
    parts = []
    for table in make_tables(results) if tables is None else tables:
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in table.header)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>\n"
            for row in table.rows
        )
        note = f"<p>{html.escape(table.note)}</p>" if table.note else ""
        title = html.escape(table.title)
        parts.append(
            f"<h2>{title}</h2>\n<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>\n{note}"
        )
    origin = "".join(f"<li>{html.escape(line)}</li>" for line in _origin(results))
    return _PAGE.format(body="\n".join(parts) + f"\n<h2>How</h2><ul>{origin}</ul>")


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Benchmark</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }}
table {{ border-collapse: collapse; display: block; overflow-x: auto; }}
th, td {{ border-bottom: 1px solid #ccc; padding: .3rem .6rem; text-align: left; white-space: nowrap; }}
td {{ font-variant-numeric: tabular-nums; }}
</style></head><body>
<h1>Benchmark</h1>
{body}
</body></html>
"""

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{",
    "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--",
}  # fmt: skip


def to_latex(results: Results, tables: Sequence[Table] | None = None) -> str:
    """Write the tables as LaTeX (package ``booktabs``), with the citations as a comment at the end."""
    keys = {one["label"]: _cite_key(one["bibtex"]) for one in results["systems"]}
    blocks = []
    for table in make_tables(results) if tables is None else tables:
        rows = [
            " & ".join(_latex_cell(cell, keys, at == 0) for at, cell in enumerate(row)) for row in table.rows
        ]
        blocks.append(
            "\n".join(
                [
                    r"\begin{table}",
                    rf"\caption{{{_latex(f'{table.title}. {table.note}'.strip())}}}",
                    rf"\begin{{tabular}}{{l{'r' * (len(table.header) - 1)}}}",
                    r"\toprule",
                    " & ".join(map(_latex, table.header)) + r" \\",
                    r"\midrule",
                    *(row + r" \\" for row in rows),
                    r"\bottomrule",
                    r"\end{tabular}",
                    r"\end{table}",
                ]
            )
        )  # fmt: skip
    cited = [one["bibtex"] for one in results["systems"] if one["bibtex"]]
    notes = [f"% {line}" for text in cited for line in text.splitlines()]
    return "\n\n".join(blocks) + "\n\n% For the .bib file:\n" + "\n".join(notes) + "\n"


def _latex(text: str) -> str:
    return "".join(_LATEX.get(sign, sign) for sign in text)


def _latex_cell(cell: str, keys: Mapping[str, str], first: bool) -> str:  # noqa: FBT001 - private
    key = keys.get(cell, "") if first else ""
    return _latex(cell) + (rf"~\cite{{{key}}}" if key else "")


def _cite_key(bibtex: str) -> str:
    return bibtex.partition("{")[2].partition(",")[0].strip() if bibtex else ""

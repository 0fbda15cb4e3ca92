"""Write the cards of all systems as one page.

python benchmarks/system_cards.py --out docs/systems.md
"""

import argparse
from pathlib import Path

from fleeting import systems

HEAD = """# Systems

Written by `benchmarks/system_cards.py` from the cards in `src/fleeting/systems/`; do not edit. Nothing on
this page was measured here: published numbers are those of other people under their protocols. What was
measured is in [benchmarks](benchmarks/README.md). How a system is added: [add-a-system](add-a-system.md).
"""


def page(one: systems.Card) -> list[str]:
    """Give one card as Markdown."""
    told = systems.defaults(one.name)
    lines = [f"\n## {one.name}\n", f"{one.title}. {one.paper}\n" if one.paper else f"{one.title}.\n"]
    lines += [f"{one.kind}; task {one.task}; input {', '.join(f'`{name}`' for name in one.inputs)}.\n"]
    lists = {
        "Claims": one.claims,
        "Where its parts come from": [f"{part}: *{source}*" for part, source in one.parts.items()],
        "Known faults": one.faults,
        "Switches": [f"`{name}` ({_usual(told[name])}): {meaning}" for name, meaning in one.switches.items()],
    }
    for title, texts in lists.items():
        if texts:
            lines += [f"{title}:\n", *(f"- {text}" for text in texts), ""]
    if one.published:
        lines += ["| published | protocol | metric | value | source |", "|---|---|---|---|---|"]
        lines += [
            f"| {p.dataset} | {p.protocol} | {p.metric} | {p.value:g} | {p.source} |" for p in one.published
        ]
    return lines


def _usual(value: object) -> str:
    return ("on" if value else "off") if isinstance(value, bool) else str(value)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--out", type=Path, required=True)
    out = asked.parse_args().out
    lines = [HEAD]
    for task in systems.TASKS:
        for name in systems.list(task):
            lines += page(systems.card(name))
    out.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    print(f"{out}: {len(systems.list())} systems")


if __name__ == "__main__":
    main()

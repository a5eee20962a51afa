"""Everything that users are told, in one list to be read in one sitting.

    python benchmarks/messages.py [--rule FAMILY] [--count]

A finding of a rule is what its fixture makes it say: the rule, the severity, the message, the related places, the
help. What is said elsewhere is read from the source: each text of a module, with `{…}` for what is filled in.
"""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

import configlint
from configlint import rules
from configlint.core.diagnostic import Diagnostic
from configlint.core.rule import Rule
from configlint.core.source import Source
from configlint.frontends import spec
from configlint.lint import lint
from configlint.session import Parsed, Session
from configlint.syntax import read

PACKAGE = Path(configlint.__file__).parent
FIXTURES = Path(__file__).absolute().parent.parent / "tests" / "rules"
# What the rules say is in their fixtures, and what is generated is data.
NOT_READ = ("rules", "_generated")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rule", metavar="FAMILY", default="", help="only names that begin so: batch, verify/")
    parser.add_argument("--count", action="store_true", help="print only how many there are")
    options = parser.parse_args()
    found = {line for line in [*said_by_rules(), *said_elsewhere()] if line.startswith(options.rule)}
    print(len(found) if options.count else "\n".join(sorted(found)))


def said_by_rules() -> Iterator[str]:
    """In a folder with the script that the fixtures start, as they have it in the tests."""
    with TemporaryDirectory() as folder, chdir(folder):
        Path("train.py").touch()
        for rule in rules.all_rules():
            fixture = FIXTURES / f"{rule.name.replace('-', '_')}.yaml"
            for text in re.split(r"(?m)^---.*\n", fixture.read_text(encoding="utf-8")):
                yield from map(_shown, _findings(rule, text))


def _findings(rule: Rule, text: str) -> Iterator[Diagnostic]:
    source = Source("train.yaml", text)
    for plan in Session().load(Parsed(source, *read(source)), spec).plans:
        diagnostics, _ = lint(plan, [rule])
        yield from diagnostics


def _shown(found: Diagnostic) -> str:
    lines = [f"{found.rule} {found.severity.value}: {found.message}"]
    lines += [f"    place: {related.message}" for related in found.related]
    lines += [f"    help: {found.help}"] if found.help else []
    return "\n".join(lines)


def said_elsewhere() -> Iterator[str]:
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).with_suffix("")
        if not set(NOT_READ) & set(name.parts):
            yield from (
                f"{name.as_posix()}: {text}" for text in _texts(ast.parse(path.read_text(encoding="utf-8")))
            )


def _texts(node: ast.AST) -> Iterator[str]:
    """The texts below a node that have more than one word, without docstrings and bare patterns."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.Constant | ast.JoinedStr):
        text = " ".join(_template(node).split("\n")).strip()
        if " " in text and any(word.isalpha() for word in text.split()):
            yield text
        return
    for child in ast.iter_child_nodes(node):
        yield from _texts(child)


def _template(node: ast.AST) -> str:
    """A text with `{…}` for each value that is filled in."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(map(_template, node.values)) if isinstance(node, ast.JoinedStr) else "{…}"


if __name__ == "__main__":
    main()

"""What `configlint check` says of a folder of real configs.

    python benchmarks/corpus/run.py FOLDER [--index CSV] [--show RULE] [--transformers RELEASE]

Prints how many files there are of each kind, how many are recognised and as what, the findings by rule and
severity, those that use words of configlint's own spec in files that cannot have them, crashes, and the time. An
index is a CSV with `repo`, `path` and `kind`, where a repository `a/b` is the folder `a__b`. `--show error`, or a
rule's name, prints these findings whole, to be judged one by one; `--transformers` states a release for all files.
Then `--fix` runs on a copy: to PyYAML, every key that is still there must have the value it had, or the number that
it spelled, of a script or a notebook all but the lines of calls must be as it was, and nothing may be left to fix.
sources.csv names public repositories, at which commit, whose scripts and notebooks were looked at.
"""

from __future__ import annotations

import argparse
import ast
import csv
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import yaml

from configlint import pipeline
from configlint.commands import fix
from configlint.core.diagnostic import Diagnostic
from configlint.host.walk import walk
from configlint.reporters.text import block
from configlint.session import Session

# Sections of a spec of our own, as a sentence would name them. `data` and `model` are words as well.
_SECTIONS = r"batch|hardware|parallel|launch|tuning|targets|training|arguments"
_OWN_WORDS = re.compile(rf"\b(?:{_SECTIONS}|data|model)\.[a-z_]+|`(?:{_SECTIONS})\b|\b(?:in|to|under) training\b")
# Names of modules and files have dots too.
_NOT_OURS = re.compile(r"\btorch\.\w+|\w+\.(?:py|json|yaml)\b")


def main() -> int:
    options = _options()
    folder = Path(options.folder)
    if options.transformers:
        folder = _stated(folder, options.transformers)
    session = Session()
    start = time.process_time()
    report = pipeline.check([str(folder)], session)
    taken = time.process_time() - start
    _print_kinds(folder, session, options.index)
    by_rule = Counter((each.rule, each.severity.value) for each in report.diagnostics)
    print(
        "\nfindings",
        *(f"{number:6}  {severity:8} {rule}" for (rule, severity), number in sorted(by_rule.items())),
        sep="\n",
    )
    foreign = [each for each in report.diagnostics if _OWN_WORDS.search(_NOT_OURS.sub("", _words(each)))]
    print(f"\nfindings that name what only our own spec has: {len(foreign)}")
    for each in [
        *foreign,
        *(each for each in report.diagnostics if options.show in (each.rule, each.severity.value)),
    ]:
        sys.stdout.write(block(each))
    left, changed, broken = _fix(folder)
    print(f"--fix changes {changed} files, breaks {broken} and leaves {left} fixes to make")
    files = f"{report.specs} of {len(list(walk(str(folder))))} files"
    print(f"{files} checked in {taken:.2f} s of CPU time; {len(report.crashes)} crashes")
    return int(bool(report.crashes or foreign or left or broken))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--index", metavar="CSV")
    parser.add_argument("--show", metavar="RULE", default="")
    parser.add_argument("--transformers", metavar="RELEASE")
    return parser.parse_args()


def _stated(folder: Path, release: str) -> Path:
    """A copy of the folder, in which the settings state a release."""
    copy = Path(tempfile.mkdtemp()) / folder.name
    shutil.copytree(folder, copy)
    (copy / "configlint.toml").write_text(f'transformers = "{release}"\n')
    return copy


def _words(found: Diagnostic) -> str:
    return " ".join([found.message, found.help or "", *(each.message for each in found.related)])


def _print_kinds(folder: Path, session: Session, index: str | None) -> None:
    """Files by kind, and as what they were read."""
    kinds = {}
    if index:
        with open(index, encoding="utf-8") as file:
            for row in csv.DictReader(file):
                kinds[str(folder / row["repo"].replace("/", "__") / row["path"])] = row["kind"]
    counts: Counter[str] = Counter()
    read: Counter[tuple[str, str]] = Counter()
    for name in walk(str(folder)):
        kind = kinds.get(name, "not in the index") if kinds else Path(name).suffix
        counts[kind] += 1
        front_end = session.front_end(session.parsed[name]) if name in session.parsed else None
        read[kind, front_end.DIALECT.name if front_end else "passed over"] += 1
    print("kind                  files  read as")
    for kind, number in counts.most_common():
        dialects = ", ".join(f"{name} {count}" for (of, name), count in sorted(read.items()) if of == kind)
        print(f"{kind:20} {number:6}  {dialects}")


def _fix(folder: Path) -> tuple[int, int, int]:
    """The fixes that are left after all have been made in a copy, how many files changed, and of how many of them
    PyYAML reads a key that is still there otherwise than before."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / folder.name
        shutil.copytree(folder, copy)
        here = os.getcwd()
        os.chdir(copy)
        try:
            session = Session()
            mended = fix.mend(pipeline.check(["."], session), ["."], session, None)
            fix.write(mended, ["."], None)
            again = pipeline.check(["."], Session())
        finally:
            os.chdir(here)
    broken = sum(not _is_kept(name, *texts) for name, texts in mended.texts.items())
    return sum(bool(found.fix) for found in again.diagnostics), len(mended.texts), broken


def _is_kept(name: str, before: str, after: str) -> bool:
    """Whether a fix changed nothing but what it was meant to."""
    if name.endswith(".py"):
        return _outline(before) == _outline(after)
    if name.endswith(".ipynb"):
        one, other = json.loads(before), json.loads(after)
        return all(_outline("".join(a.pop("source"))) == _outline("".join(b.pop("source"))) and a == b
                   for a, b in zip(one.pop("cells"), other.pop("cells"), strict=True)) and one == other  # fmt: skip
    return _same(yaml.safe_load(before), yaml.safe_load(after))


def _outline(text: str) -> str | None:
    """The syntax tree of a text without the keywords of calls; the text itself where it has none."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return re.sub(r"\w+ *=[^,\n]*,?|\s", "", text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            node.keywords = []
    return ast.dump(tree)


def _same(before: dict[str, object], after: dict[str, object]) -> bool:
    return all(_is_it(before[key], after[key]) for key in before.keys() & after.keys())


def _is_it(before: object, after: object) -> bool:
    """Whether a value is what it was, or the number that the text spells which it was."""
    return before == after or (isinstance(before, str) and isinstance(after, float) and float(before) == after)


if __name__ == "__main__":
    sys.exit(main())

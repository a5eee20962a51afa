"""What `configlint import` makes of a folder of real configs.

    python benchmarks/corpus/imports.py FOLDER [--show]

Each TrainingArguments file and each call is imported for one H100 and compiled; what its own keys come to is
compared with what the file says. Prints how many are carried over whole, how many with losses, how many cannot be
imported, and each that differs; `--show` prints the losses and the reasons too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from configlint.backends.training_args import arguments
from configlint.commands.importing import import_plan
from configlint.core.errors import UsageError
from configlint.core.plan import Plan
from configlint.core.spec import as_written
from configlint.core.values import AT_RUNTIME
from configlint.frontends import FRONT_ENDS, OWN
from configlint.knowledge.naming import NAMES, owners
from configlint.project.stated import in_options
from configlint.session import Session, files_of, specs

COUNTS = {
    f"batch.{name}": NAMES[f"batch.{name}"]["training_arguments"][0] for name in ("per_device", "accumulation")
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    session = Session(stated=in_options("1xh100-80gb", None))
    counts: Counter[str] = Counter()
    for file, front_end in specs(files_of([options.folder], session), session, []):
        if front_end is not FRONT_ENDS["training_arguments"]:
            continue
        for plan in session.load(file, front_end).plans if front_end else ():
            place = plan.spec.call or file.source.name
            try:
                imported = import_plan(plan)
                differing = list(differences(plan, imported.text))
            except UsageError as error:
                counts["not importable"] += 1
                lines = [str(error)] if options.show else []
            else:
                counts["differing" if differing else "with losses" if imported.lost else "imported"] += 1
                lines = [*differing, *(imported.lost if options.show else ())]
            for line in lines:
                print(f"{place}: {line}")
    print(*(f"{number:6}  {kind}" for kind, number in counts.most_common()), sep="\n")
    return int(counts["differing"] > 0)


def differences(plan: Plan, text: str) -> list[str]:
    """Where the arguments that are compiled are not those of the file: what it says and cannot be carried over, or
    has another name by now, aside."""
    with tempfile.TemporaryDirectory() as folder:
        name = f"{folder}/spec.yaml"
        Path(name).write_text(text, encoding="utf-8")
        session = Session()
        plans = session.load(session.parse(name), OWN).plans
    if not plans:
        return []  # the batch could not be carried over
    compiled, release = arguments(plans[0]), plans[0].release
    found = []
    for path, setting in as_written(plan.spec.settings).items():
        section, _, name = path.partition(".")
        written = COUNTS.get(path) or (
            name if section in ("training", "arguments") and name not in owners() else None
        )
        if written is None or setting.value is AT_RUNTIME:
            continue
        is_removed = release.spelling(written) is None and bool(release.lives(written))
        if not is_removed and compiled.get(release.spelling(written) or written, KeyError) != setting.value:
            found.append(f"{written} is {setting.value!r} in the file, and {compiled.get(written)!r} compiled")
    return found


if __name__ == "__main__":
    sys.exit(main())

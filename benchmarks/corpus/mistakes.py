"""Whether errors in real scripts and notebooks are mistakes, and their fixes right: the real classes are asked.

    python benchmarks/corpus/mistakes.py FOLDER [--most N]

Of a copy of the folder, the settings state the installed releases of Transformers and TRL, which judge each file
that installs no others. Of every call with an error, the real class is asked before and after `--fix`: whether it
takes the arguments by name and, for a config class, builds itself from those that are known without running the
file. Prints each error with its line and the answer of the class, then what `--fix` does to N of the calls, and the
answer again.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import inspect
import shutil
import sys
import tempfile
from collections import Counter
from importlib.metadata import version
from pathlib import Path

from configlint import pipeline
from configlint.commands import fix
from configlint.core.diagnostic import Diagnostic, Severity
from configlint.core.plan import Plan
from configlint.core.release import version_of
from configlint.core.values import AT_RUNTIME
from configlint.session import Session

_PACKAGES = ("transformers", "trl")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--most", type=int, default=20, metavar="N")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "files"
        shutil.copytree(options.folder, folder)
        stated = "".join(f'{package} = "{version(package)}"\n' for package in _PACKAGES)
        (folder / "configlint.toml").write_text(stated)
        session = Session()
        mended = fix.mend(pipeline.check([str(folder)], session), [str(folder)], session, None)
    # The machine that the file is for has a GPU.
    importlib.import_module("transformers.training_args").is_torch_bf16_gpu_available = lambda: True  # type: ignore[attr-defined]
    after = {_name(plan): plan for plan in mended.after.loaded}
    answers: Counter[str] = Counter()
    shown = 0
    for plan in mended.before.loaded:
        errors = [each for each in mended.before.diagnostics if _is_about(each, plan)]
        if not errors or not _is_installed(plan):
            continue
        before = refusal(plan)
        for error in errors:
            print(f"{_shown(error, folder)}: {error.rule}: {error.message} ({error.help})")
        print(f"    the class: {before or 'takes it'}")
        answers["refused" if before else "taken"] += len(errors)
        fixed = after[_name(plan)]
        if fixed.spec.settings != plan.spec.settings and plan.spec.source.name in mended.texts:
            answer = refusal(fixed)
            answers["still refused" if answer else "taken once fixed"] += 1
            if shown < options.most:
                shown += 1
                print(*_changes(*mended.texts[plan.spec.source.name]), sep="\n")
            print(f"    the class, fixed: {answer or 'takes it'}")
    print(*(f"{number:5} {answer}" for answer, number in answers.items()), sep="\n")
    return 0


def refusal(plan: Plan) -> str | None:
    """What the real classes of a call say against it; None where they take it."""
    settings = plan.spec.settings
    passed = {
        path: setting
        for path, setting in settings.items()
        if path.startswith(("training.", "batch.", "constructor."))
    }
    config = {each.keys[-1]: each.value for path, each in passed.items() if not path.startswith("constructor.")}
    config = {name: value for name, value in config.items() if name not in plan.spec.reader.redeclared}
    try:
        if not plan.spec.is_of_trainer:
            made = _class(settings["trainer"].keys[0])
            inspect.signature(made).bind(**config)
            made(**{name: value for name, value in config.items() if value is not AT_RUNTIME})
        if "constructor" in settings:
            names = {each.keys[-1]: None for path, each in passed.items() if path.startswith("constructor.")}
            inspect.signature(_class(str(settings["constructor"].value))).bind_partial(**names)
    except Exception as error:
        return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
    return None


def _class(name: str) -> type:
    found = (getattr(importlib.import_module(package), name, None) for package in _PACKAGES)
    return next(each for each in found if each is not None)


def _is_about(found: Diagnostic, plan: Plan) -> bool:
    places = [setting.key for setting in plan.spec.settings.values()]
    places += [setting.span for setting in plan.spec.settings.values()]
    return found.severity is Severity.ERROR and (found.span in places or found.span == plan.spec.call)


def _is_installed(plan: Plan) -> bool:
    """Whether the releases that judge a call are those that can be asked."""
    stated = [(package, plan.spec.settings.get(package)) for package in _PACKAGES]
    return all(
        each is None or version_of(str(each.value)) == version_of(version(package)) for package, each in stated
    )


def _name(plan: Plan) -> tuple[str, int]:
    return plan.spec.source.name, plan.spec.number


def _shown(found: Diagnostic, folder: Path) -> str:
    name, line = found.span.source.shown(found.span.line)
    return f"{Path(name).relative_to(folder)}:{line}"


def _changes(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.split("\n"), after.split("\n"), n=0, lineterm="")
    return [
        f"    {line[0]} {line[1:].strip()}" for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")
    ]


if __name__ == "__main__":
    sys.exit(main())

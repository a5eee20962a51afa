"""Make what is made from the files of this folder.

    python schemas/generate.py            writes it
    python schemas/generate.py --check    says with exit code 1 what is stale

- configlint/knowledge/_generated/spec_form.py: the fast check of a spec's form, from spec.schema.json;
  settings_form.py beside it, from settings.schema.json
- training_arguments.json: what arguments.yaml and trl_arguments.yaml note, joined in
- transformers.py and trl.py beside it: the same as constants, which cost a tenth to load; constructors.py: what
  trainers are constructed with
- dataclasses.py beside it: the releases of the fields of other dataclasses that scripts parse
- names.py beside it: configlint/knowledge/names.yaml as constants
- machines.py beside it: what drivers print of accelerators, and configlint/knowledge/instances.yaml
- sbatch.py beside it: configlint/knowledge/sbatch.yaml as constants
- trainers.py, optimizers.py and launchers.py beside it: the traits in the YAML files of these names as constants
- deepspeed.py beside it: deepspeed_config.json, with what deepspeed_config.yaml notes, as constants
- configlint/rules/_index.py: what rules there are, and when one is loaded, from their modules
- editor.schema.json: spec.schema.json with the arguments of all releases, for editors
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastjsonschema
import yaml
from history import TARGET as HISTORY
from history import TRL_DATACLASSES
from history import text as history_text
from rule_index import TARGET as RULE_INDEX
from rule_index import text as rule_index_text

from configlint.core.profile import bare

ROOT = Path(__file__).resolve().parent.parent
HEADER = '''"""Made from schemas/{name}.schema.json by schemas/generate.py: do not edit.

Says in microseconds whether the form is right; what is wrong with it is said elsewhere.
"""

from configlint.core.regex import regex


class JsonSchemaValueException(ValueError):
    """The form is wrong. What is said here is not for users."""

    def __init__(self, message, **rest):
        super().__init__(message)


'''
# What the package calls; the rest of the generated code is not typed.
SIGNATURE = "def validate(data: object, custom_formats: object = {}, name_prefix: str | None = None) -> None:"


def validator(name: str) -> str:
    """The text of spec_form.py or settings_form.py."""
    schema = json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    code = fastjsonschema.compile_to_code(_without_words(schema), use_default=False, detailed_exceptions=False)
    # Its own import of fastjsonschema would make that a dependency, and cost a millisecond.
    body = re.sub(r"^(VERSION|import|from) .*\n", "", code, flags=re.MULTILINE)
    body = body.replace("re.compile(", "regex(")
    body = body.replace(", Decimal", "")  # no reader of ours makes one
    # The other has many errors, which nobody asks for here.
    body = body.replace("(JsonSchemaValueException, JsonSchemaValuesException)", "JsonSchemaValueException")
    body = body.replace("def validate(data, custom_formats={}, name_prefix=None):", SIGNATURE, 1)
    return HEADER.replace("{name}", name) + body.strip().replace("\n\n\n\n", "\n\n\n") + "\n"


def _without_words(schema: object, is_schema: bool = True) -> object:
    """The schema without what only people read. Below `properties`, keys are names."""
    if isinstance(schema, dict):
        return {
            key: _without_words(value, not is_schema or key not in ("properties", "definitions"))
            for key, value in schema.items()
            if not (is_schema and key in ("title", "description", "$id"))
        }
    return schema


FACTS_HEADER = '''"""Made from schemas/training_arguments.json by schemas/generate.py: do not edit.

Every argument of {package}'s config classes over the releases, as configlint/core/release.py reads it.
"""

from __future__ import annotations

from configlint.core.typing import Any

'''
TRAINERS = {"Trainer": "TrainingArguments", "Seq2SeqTrainer": "Seq2SeqTrainingArguments"}
BOUNDS = ("also", "without", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
# What is noted of an argument beside what the wheels say.
NOTED = (
    "says", "also", "without", "keys", "open", "words",
    "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum",
    "deprecated", "by", "from", "same_value", "below", "help", "values", "no_effect",
    "read",
)  # fmt: skip


def history() -> dict[str, Any]:
    """The history with what is noted of each argument."""
    found: dict[str, Any] = json.loads(HISTORY.read_text(encoding="utf-8"))
    notes = _notes("arguments.yaml")
    trl = _notes("trl_arguments.yaml")
    found["trl"]["trainers"] = trl["trainers"]
    found["trl"]["requires"] = trl["requires"]
    for package in found.values():
        for group, arguments in package["groups"].items():
            is_trl = package is found["trl"]
            noted = trl.get(group, {}) if is_trl else notes.get(group, {}) if _is_trainer(group) else notes
            for name, facts in arguments.items():
                for key in [key for key in facts if key in NOTED]:
                    del facts[key]
                if is_trl and not group.startswith("trl.scripts.") and not _is_trainer(group):
                    # A field that TRL only declares anew keeps the range that it had.
                    facts |= {key: value for key, value in notes.get(name, {}).items() if key in BOUNDS}
                facts |= {key: value for key, value in _flat(noted.get(name, {})).items() if key in NOTED}
    return found


def _is_trainer(group: str) -> bool:
    """Whether a group is what a trainer is constructed with."""
    return group.endswith("Trainer")


def _notes(name: str) -> dict[str, Any]:
    noted: dict[str, Any] = yaml.safe_load((ROOT / "schemas" / name).read_text(encoding="utf-8"))
    return noted


def _flat(note: dict[str, Any]) -> dict[str, Any]:
    """`replaced: {by: …}` and `removed: {help: …}` without the level between."""
    inner = {**note.get("replaced", {}), **note.get("removed", {})}
    return {key: value for key, value in {**note, **inner}.items() if key not in ("replaced", "removed")}


def facts(package: str, content: dict[str, Any]) -> str:
    """The text of transformers.py or trl.py: the history with releases as tuples."""
    releases = tuple(map(_version, content["releases"]))
    lines = [
        FACTS_HEADER.format(package=package) + f"RELEASES: tuple[tuple[int, int], ...] = {releases}",
        f"TRAINERS: dict[str, str] = {content.get('trainers', TRAINERS)}",
        *_requirements(content),
        "GROUPS: dict[str, dict[str, dict[str, Any]]] = {",
    ]
    kept = {group: held for group, held in content["groups"].items() if not _is_apart(group)}
    return "\n".join([*lines, *_groups(kept), "}", ""])


def _is_apart(group: str) -> bool:
    """Whether a group stands in a module of its own, which few specs need."""
    return _is_trainer(group) or group in TRL_DATACLASSES


DATACLASSES_HEADER = '''"""Made from schemas/training_arguments.json by schemas/generate.py: do not edit.

The dataclasses of trl that scripts parse beside a config class: the releases that have each field, as
configlint/core/release.py reads them.
"""

from __future__ import annotations

from configlint.core.typing import Any

'''


def dataclasses(joined: dict[str, Any]) -> str:
    """The text of dataclasses.py."""
    held = {name: joined["trl"]["groups"][name] for name in TRL_DATACLASSES}
    lives = {
        group: {name: {"life": facts["life"]} for name, facts in fields.items()} for group, fields in held.items()
    }
    lines = [DATACLASSES_HEADER + "CLASSES: dict[str, dict[str, dict[str, Any]]] = {"]
    return "\n".join([*lines, *_groups(lives), "}", ""])


CONSTRUCTORS_HEADER = '''"""Made from schemas/training_arguments.json by schemas/generate.py: do not edit.

What trainers are constructed with over the releases of their package, as configlint/core/release.py reads it; `**`
is anything.
"""

from __future__ import annotations

from configlint.core.typing import Any

'''


def constructors(joined: dict[str, Any]) -> str:
    """The text of constructors.py."""
    lines = [CONSTRUCTORS_HEADER + "TRAINERS: dict[str, dict[str, dict[str, dict[str, Any]]]] = {"]
    for package, content in joined.items():
        groups = {group: held for group, held in content["groups"].items() if _is_trainer(group)}
        lines += [f"    {package!r}: {{", *_groups(groups), "    },"]
    return "\n".join([*lines, "}", ""])


def _groups(groups: dict[str, Any]) -> Iterator[str]:
    """The arguments of each group, with what is known of them, as lines of a constant."""
    for group, arguments in groups.items():
        yield f"    {group!r}: {{"
        for name, facts in arguments.items():
            kept = {key: _constant(key, value) for key, value in facts.items() if key != "says"}
            yield f"        {name!r}: {kept},"
        yield "    },"


def _requirements(content: dict[str, Any]) -> Iterator[str]:
    """The oldest release of Transformers that TRL's are installed with, from one on, and the newest."""
    for name, bounds in content.get("requires", {}).items():
        held = {_version(release): _version(bound) for release, bound in bounds.items()}
        yield f"{name.upper()}: dict[tuple[int, int], tuple[int, int]] = {held}"


def _constant(key: str, value: Any) -> Any:
    """A fact as Python loads it fastest: in tuples, which are constants."""
    if key == "also":
        until = value if isinstance(value, dict) else dict.fromkeys(value)
        return {kind: _version(release) for kind, release in until.items()}
    if key == "without":
        return {kind: _version(release) for kind, release in value.items()}
    if key == "life":
        return tuple((_version(first), _version(last)) for first, last in value)
    if key in ("type", "choices"):
        return tuple((_version(release), tuple(held)) for release, held in reversed(value.items()))
    if key == "default":
        return tuple((_version(release), held) for release, held in reversed(value.items()))
    return _version(value) if key in ("deprecated", "from", "read") else value


def _version(text: str | None) -> tuple[int, ...] | None:
    return None if text is None else tuple(map(int, text.split(".")))


NAMES_HEADER = '''"""Made from configlint/knowledge/names.yaml by schemas/generate.py: do not edit.

What each program calls a setting, by canonical path.
"""

from __future__ import annotations

'''


def names() -> str:
    """The text of names.py."""
    says = yaml.safe_load((ROOT / "configlint" / "knowledge" / "names.yaml").read_text(encoding="utf-8"))
    lines = [NAMES_HEADER + "NAMES: dict[str, dict[str, tuple[str, ...]]] = {"]
    for path, programs in says["names"].items():
        lines.append(f"    {path!r}: { {program: tuple(held) for program, held in programs.items()} },")
    lines += ["}", f"VALUES: dict[str, dict[str, str]] = {says['values']}"]
    lines.append(f"ALIASES: dict[str, dict[str, str]] = {says['aliases']}")
    files = {name: stem for stem, held in says["files"].items() for name in held}
    return "\n".join([*lines, f"FILES: dict[str, str] = {files}", ""])


MACHINES_HEADER = '''"""Made from knowledge/hardware/ and instances.yaml by schemas/generate.py: do not edit.

By what `bare` makes of a name. PRINTED: what drivers print, and the profiles of the devices that are called so.
INSTANCES: the instance types of clouds, as the cloud writes each, its profile and how many it has.
"""

from __future__ import annotations

'''


def machines() -> str:
    """The text of machines.py."""
    knowledge = ROOT / "configlint" / "knowledge"
    printed: dict[str, tuple[str, ...]] = {}
    for path in sorted((knowledge / "hardware").glob("*.yaml")):
        profile = yaml.safe_load(path.read_text(encoding="utf-8"))
        for name in dict.fromkeys(map(bare, (path.stem, profile["name"], *profile.get("printed", ())))):
            printed[name] = (*printed.get(name, ()), path.stem)
    lines = [MACHINES_HEADER + "PRINTED: dict[str, tuple[str, ...]] = {"]
    lines += [f"    {name!r}: {profiles}," for name, profiles in printed.items()]
    lines += ["}", "INSTANCES: dict[str, tuple[str, str, int]] = {"]
    for name, says in yaml.safe_load((knowledge / "instances.yaml").read_text(encoding="utf-8")).items():
        for short in dict.fromkeys((bare(name), bare(name).removeprefix("standard_"))):
            lines.append(f"    {short!r}: ({name!r}, {says['accelerator']!r}, {says['devices']}),")
    return "\n".join([*lines, "}", ""])


def sbatch() -> str:
    """The text of sbatch.py."""
    says = yaml.safe_load((ROOT / "configlint" / "knowledge" / "sbatch.yaml").read_text(encoding="utf-8"))
    lines = [SBATCH_HEADER]
    lines += [f"{name.upper()}: tuple[str, ...] = {tuple(says[name])}" for name in ("options", "of_srun", "pyxis")]
    lines += [f"{name.upper()}: dict[str, str] = {says[name]}" for name in ("short", "also")]
    return "\n".join([*lines, ""])


SBATCH_HEADER = '''"""Made from configlint/knowledge/sbatch.yaml by schemas/generate.py: do not edit."""

from __future__ import annotations
'''
TRAITS_HEADER = '''"""Made from configlint/knowledge/{kind}.yaml by schemas/generate.py: do not edit."""

from __future__ import annotations

from configlint.core.typing import Any

'''


def traits(kind: str) -> str:
    """The text of trainers.py, optimizers.py or launchers.py: the traits of each name, and what further sections
    list."""
    says = yaml.safe_load((ROOT / "configlint" / "knowledge" / f"{kind}.yaml").read_text(encoding="utf-8"))
    lines = [TRAITS_HEADER.format(kind=kind) + "ROWS: dict[str, dict[str, Any]] = {"]
    for name, row in says.pop(kind).items():
        held = {trait: _trait(value) for trait, value in row.items() if trait != "source"}
        lines.append(f"    {name!r}: {held},")
    lines.append("}")
    for section, lists in says.items():
        for name, names in lists.items():
            kind, held = ("dict[str, Any]", names) if isinstance(names, dict) else ("tuple[str, ...]", tuple(names))
            lines.append(f"{section.upper()}_{name.upper()}: {kind} = {held}")
    return "\n".join([*lines, ""])


def _trait(value: Any) -> Any:
    """A trait as Python loads it fastest, and a release as it compares."""
    if isinstance(value, dict):
        return {key: _trait(held) for key, held in value.items()}
    if isinstance(value, list):
        return tuple(map(_trait, value))
    return _version(value) if isinstance(value, str) and re.fullmatch(r"\d+\.\d+", value) else value


DEEPSPEED_HEADER = '''"""Made from schemas/deepspeed_config.json and .yaml by schemas/generate.py: do not edit.

What DeepSpeed {release} takes in its config. SECTIONS: by section and key, what deepspeed_config.yaml
describes; all keys of a section are known unless it is in OPEN, and an unknown one is refused save at
the top. REMOVED: the release that refuses a key. SCHEDULERS, OPTIMIZERS: the parameters of each.
"""

from __future__ import annotations

from configlint.core.typing import Any

'''


def deepspeed() -> str:
    """The text of deepspeed.py."""
    made = json.loads((ROOT / "schemas" / "deepspeed_config.json").read_text(encoding="utf-8"))
    notes = _notes("deepspeed_config.yaml")
    sections, removed = made["sections"], notes["removed"]
    for key in notes["also_known"]:
        sections[""].setdefault(key, {})
    for path in removed:
        section, _, key = path.rpartition(".")
        sections[section].pop(key, None)
    is_open = tuple(name for name in notes["sections"] if name not in sections)
    lines = [
        DEEPSPEED_HEADER.format(release=made["release"]) + f"REMOVED: dict[str, str] = {removed}",
        f"OPEN: tuple[str, ...] = {is_open}",
        *_tables("SECTIONS", sections, notes["sections"]),
        *_tables("SCHEDULERS", made["schedulers"], notes["schedulers"]),
        *_tables("OPTIMIZERS", made["optimizers"], notes["optimizers"]),
    ]
    return "\n".join([*lines, ""])


def _tables(name: str, made: dict[str, Any], notes: dict[str, Any]) -> Iterator[str]:
    """A constant with the facts of each key, those that are noted over those of the release."""
    yield f"{name}: dict[str, dict[str, dict[str, Any]]] = {{"
    for section in dict.fromkeys((*made, *notes)):
        noted = notes.get(section, {})
        yield f"    {section!r}: {{"
        for key in dict.fromkeys((*made.get(section, {}), *noted)):
            yield f"        {key!r}: { {**made.get(section, {}).get(key, {}), **noted.get(key, {})} },"
        yield "    },"
    yield "}"


def outputs() -> Iterator[tuple[Path, str]]:
    """Every file that is made, and its text; the last is made with those before it."""
    joined = history()
    generated = ROOT / "configlint" / "knowledge" / "_generated"
    for name in ("spec", "settings"):
        yield generated / f"{name}_form.py", validator(name)
    yield generated / "names.py", names()
    yield generated / "machines.py", machines()
    yield generated / "sbatch.py", sbatch()
    for kind in ("trainers", "optimizers", "launchers"):
        yield generated / f"{kind}.py", traits(kind)
    yield generated / "deepspeed.py", deepspeed()
    yield HISTORY, history_text(joined)
    for package, content in joined.items():
        yield generated / f"{package}.py", facts(package, content)
    yield generated / "constructors.py", constructors(joined)
    yield generated / "dataclasses.py", dataclasses(joined)
    yield RULE_INDEX, rule_index_text()
    from configlint.commands.schema import bundle, text

    yield ROOT / "schemas" / "editor.schema.json", text(bundle())


def main() -> int:
    only_look = "--check" in sys.argv
    stale = 0
    for path, text in outputs():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale += 1
            print(path.relative_to(ROOT), "is stale" if only_look else "written")
            if not only_look:
                path.write_text(text, encoding="utf-8", newline="\n")
    return int(only_look and stale > 0)


if __name__ == "__main__":
    sys.exit(main())

"""Build the site: the README, the keys of a spec, the recipes and a page for every rule.

    pip install -e '.[docs]'
    python docs/build_site.py [FOLDER]    writes it to site/, or to FOLDER

Nothing is written for the site alone: the pages are made of the README, schemas/spec.schema.json, examples/ and the
pages of the rules, and their examples are run.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent
from typing import Any

from click import unstyle
from click.testing import CliRunner
from mkdocs.commands.build import build as build_site
from mkdocs.config import load_config

from configlint import rules
from configlint.cli import cli
from configlint.core.rule import Rule
from configlint.reporters.pages import Page, as_markdown, fenced, literal, pages

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "tests" / "rules"
MARK = re.compile(r"  # (?:error|warning|info)(?:\[[\w-]+\])?: .+$", re.MULTILINE)
COMMENT = re.compile(r"^ *#.*\n|  # .*$", re.MULTILINE)


def build(site: Path) -> None:
    """Write the site into a folder.

    Raises:
        mkdocs.exceptions.Abort: a link leads nowhere.
    """
    with TemporaryDirectory() as folder:
        made = {"index.md": home(), "spec.md": spec(), **recipes(), **rule_pages()}
        for name, text in made.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        shutil.copy(ROOT / "docs" / "extra.css", folder)
        build_site(
            load_config(str(ROOT / "docs" / "mkdocs.yml"), docs_dir=folder, site_dir=str(site), nav=nav(made))
        )


def nav(names: dict[str, str]) -> list[Any]:
    """The pages in their folders."""
    families: dict[str, list[dict[str, str]]] = defaultdict(list)
    for name in names:
        if name.startswith("rules/") and name.count("/") == 2:
            _, family, defect = name.removesuffix(".md").split("/")
            families[family].append({defect: name})
    return [
        {"Home": "index.md"},
        {"Spec": "spec.md"},
        {"Recipes": [name for name in names if name.startswith("recipes/")]},
        {"Rules": ["rules/index.md", *({family: held} for family, held in families.items())]},
    ]


def home() -> str:
    """The README, without what only those who work on configlint need."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## Tests\n")[0]
    return re.sub(r"\[([^]]+)\]\((?!https?:)([^)]+)\)", _link, text) + "\n"


def _link(match: re.Match[str]) -> str:
    """A link of the README to a page of the site; what is only in the repository is named."""
    words, file = match.groups()
    if file == "schemas/spec.schema.json":
        return f"[{words}](spec.md)"
    if file == "examples":
        return f"[{words}](recipes/index.md)"
    if file.startswith("examples/"):
        return f"[{words}](recipes/{Path(file).stem}.md)"
    return words


def spec() -> str:
    """The keys of a spec, as its schema describes them."""
    schema = json.loads((ROOT / "schemas" / "spec.schema.json").read_text(encoding="utf-8"))
    definitions, top = schema["definitions"], schema["properties"]
    sections = {name: definitions[_name(held)] if "$ref" in held else held for name, held in top.items()}
    lines = ["# The spec", schema["description"]]
    for name, held in sections.items():
        lines += [f"## {name}", literal(held["description"])]
        rows = [f"| `{key}` | {_takes(below)} | {_cell(below['description'])} |" for key, below in _keys(held)]
        if rows:
            lines.append("\n".join(["| key | takes | |", "| --- | --- | --- |", *rows]))
    return "\n\n".join(lines) + "\n"


def _name(reference: dict[str, str]) -> str:
    return reference["$ref"].rpartition("/")[2]


def _keys(schema: dict[str, Any], above: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for key, held in schema.get("properties", {}).items():
        if "$ref" not in held:
            yield above + key, held
            yield from _keys(held, f"{above}{key}.")


def _takes(schema: dict[str, Any]) -> str:
    """What a key takes, in a cell; every one takes null too."""
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"] if value is not None)
    kinds = schema.get("type", [])
    return " or ".join(kind for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind != "null")


def _cell(text: str) -> str:
    return literal(text).replace("|", "\\|")


def recipes() -> dict[str, str]:
    """A page for each example, with what configlint makes of it."""
    found = {}
    with _folder():
        shutil.copytree(ROOT / "examples", "examples")
        for path in sorted(Path("examples").glob("*.yaml")):
            found[path.stem] = (path.name, *_parts(path.read_text(encoding="utf-8")))
        made = {f"recipes/{stem}.md": _recipe(name, words, text) for stem, (name, words, text) in found.items()}
    rows = [
        f"| [{stem}]({stem}.md) | {_cell(words.partition(chr(10))[0])} |" for stem, (_, words, _) in found.items()
    ]
    index = "\n".join(["# Recipes", "", "| recipe | |", "| --- | --- |", *rows, ""])
    return {"recipes/index.md": index, **made}


def _parts(text: str) -> tuple[str, str]:
    """The comment at the head of an example, and the rest."""
    text = re.sub(r"^# yaml-language-server: .*\n", "", text)
    head = re.match(r"(?:#.*\n)*", text)
    assert head
    return re.sub(r"^# ?", "", head[0], flags=re.MULTILINE), text[head.end() :]


def _recipe(name: str, words: str, text: str) -> str:
    spec, folder = f"examples/{name}", f"build/{name.removesuffix('.yaml')}"
    commands = [["check", spec], ["compile", spec, "-o", folder, "--verify", "never"]]
    runs = "".join(f"$ configlint {' '.join(command)}\n{_run(*command)}" for command in commands)
    prose = "\n".join(f"    {line}" if line.startswith(" ") else literal(line) for line in words.split("\n"))
    return f"# {name}\n\n{prose}\n\n{fenced(text)}\n\n{_fence('console', runs)}\n"


def rule_pages() -> dict[str, str]:
    """A page for each name that a finding can have, and the list of all."""
    found: dict[str, str] = {"rules/index.md": ""}
    families: dict[str, list[Page]] = defaultdict(list)
    for rule in rules.all_rules():
        for page in pages([rule]):
            found[f"rules/{page.name}.md"] = _rule_page(rule, page)
            families[page.name.partition("/")[0]].append(page)
    lines = ["# Rules"]
    for family, held in families.items():
        rows = [
            f"| [{page.name.partition('/')[2]}]({page.name}.md) | {page.severity} | {_cell(page.summary)} |"
            for page in held
        ]
        lines.append("\n".join([f"## {family}", "", "| rule | severity | |", "| --- | --- | --- |", *rows]))
    found["rules/index.md"] = "\n\n".join(lines) + "\n"
    return found


def _rule_page(rule: Rule, page: Page) -> str:
    """The page, with what configlint reports of its bad example; a row's example is a case of the fixture."""
    if rule.rows:
        bad = _case(rule, page.name.partition("/")[2])
        example = f"Bad:\n\n{fenced(bad)}\n\n{_reported(page, bad)}"
        return as_markdown(page).replace("\n\nSource: ", f"\n\n{example}\n\nSource: ", 1)
    match = re.search(r"^Bad:\n\n((?:    .*\n|\n)+)", page.text, re.MULTILINE)
    assert match, page.name
    return as_markdown(page).replace("\n\nGood:\n", f"\n\n{_reported(page, dedent(match[1]))}\n\nGood:\n", 1)


def _case(rule: Rule, row: str) -> str:
    """The shortest case of a table's fixture in which a row is reported, without what only the tests need."""
    text = (FIXTURES / f"{rule.name.replace('-', '_')}.yaml").read_text(encoding="utf-8")
    parts = [part.partition("--- # fixed\n")[0] for part in re.split(r"^---\n", text, flags=re.MULTILINE)]
    case = min((part for part in parts if f"[{row}]: " in part), key=len)
    return MARK.sub("", case) if _is_script(case) else COMMENT.sub("", case)


def _is_script(text: str) -> bool:
    return bool(re.search(r"^(?:import|from) ", text, re.MULTILINE))


def _reported(page: Page, example: str) -> str:
    """What `check` reports of an example under this name, and what --fix would make of it."""
    with _folder():
        name = "train.py" if _is_script(example) else "train.yaml"
        Path("train.py").touch()
        shutil.copy(FIXTURES / "parses.txt", "parses.py")
        Path(name).write_text(example, encoding="utf-8")
        report = _run("check", "--select", page.name, "--advice", name)
        assert f"[{page.name}]" in report, f"{page.name} is not reported in its example:\n{example}\n{report}"
        diff = _run("check", "--select", page.name, "--diff", name) if page.fixes else ""
    fixed = ["With `--fix`:", _fence("diff", diff)] if diff else []
    return "\n\n".join(["Reported:", _fence("text", report), *fixed])


def _run(*command: str) -> str:
    """What the program prints in the current folder."""
    result = CliRunner().invoke(cli, [*command], catch_exceptions=False)
    return unstyle(result.output)


@contextmanager
def _folder() -> Iterator[None]:
    """A folder of its own to run examples in."""
    with TemporaryDirectory() as folder, chdir(folder):
        yield


def _fence(language: str, text: str) -> str:
    return f"```{language}\n{text.strip()}\n```"


if __name__ == "__main__":
    build(Path(sys.argv[1] if len(sys.argv) > 1 else "site").resolve())

"""What a training script takes from its command line and from the JSON that it gets, as far as its text says it.

A script that does anything else with its parser is not judged. Nothing is imported or run.

Source: transformers 4.30 to 5.24 hf_argparser.py; trl 0.9 to 1.16 TrlParser (commands/cli_utils.py,
scripts/utils.py); docs.python.org/3.11, library/argparse
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from configlint import knowledge
from configlint.core.record import NamedTuple
from configlint.core.regex import regex
from configlint.core.spec import ScriptParser
from configlint.frontends.calls import classes
from configlint.syntax.names import Bound, Names, Scope
from configlint.syntax.python import MAX_CHARACTERS, parse

_MOST_BASES = 20
_READS = ("parse_json_file", "parse_yaml_file")
_GROUPS = ("add_argument_group", "add_mutually_exclusive_group")
# What may be asked of any parser beside.
_BESIDE = (*_GROUPS, "add_argument", "print_help", "print_usage", "format_help", "error", "exit")
# What a parser may be made with that changes nothing of what it takes.
_WORDS = ("description", "prog", "usage", "epilog", "formatter_class", "add_help")
# What its whole command line is parsed by.
_PARSES = {
    "ArgumentParser": "parse_args",
    "HfArgumentParser": "parse_args_into_dataclasses",
    "TrlParser": "parse_args_and_config",
}
_PACKAGES = {"ArgumentParser": "argparse", "HfArgumentParser": "transformers", "TrlParser": "trl"}
_ARGV = regex(r"sys\.argv\[1\]|len\(sys\.argv\)")
_FILE = regex(r"\.(?:json|ya?ml)[\"']")
_LOADS = ("json.load", "json.loads", "yaml.safe_load")


class _Unknown(Exception):
    """It cannot be seen from the text."""


class _Made(NamedTuple):
    """A parser of the script: its class, and the calls of its methods and of its groups'."""

    kind: str
    call: ast.Call
    scope: Scope
    uses: tuple[tuple[ast.Call, str], ...]

    def calls(self, *methods: str) -> list[ast.Call]:
        """Those of some methods, in the order that they stand in."""
        return sorted((call for call, method in self.uses if method in methods), key=lambda call: call.lineno)


def script_parser(text: str) -> ScriptParser | None:
    """What the script's parser takes, if that is certain."""
    if len(text) > MAX_CHARACTERS or not any(name in text for name in ("ArgumentParser", "TrlParser", "json.load")):
        return None
    tree = parse(text)
    if tree is None:
        return None
    names = Names([tree])
    try:
        call, parser = _of_config_call(names, text), _of_parser(names, tree, text)
    finally:
        names.forget()
    if call is None or (parser is not None and parser.fields is not None):
        return parser
    return parser._replace(fields=call.fields, reader=call.reader) if parser else call


def _of_parser(names: Names, tree: ast.Module, text: str) -> ScriptParser | None:
    try:
        return _judged(_made(names), text, _conditional(tree))
    except (_Unknown, RecursionError):
        return None


def _made(names: Names) -> _Made:
    """The one parser of the script."""
    made = [
        (kind, call, scope)
        for call, scope in names.calls
        for kind, package in _PACKAGES.items()
        if _is_from(call.func, scope, package, kind)
    ]
    if len(made) != 1:
        raise _Unknown
    ((kind, call, scope),) = made
    return _Made(kind, call, scope, tuple(_uses(names, call)))


def _uses(names: Names, holder: ast.Call) -> Iterator[tuple[ast.Call, str]]:
    """The calls of methods of a parser and of its groups, if nothing else is done with them."""
    name = names.results.get(holder)
    uses = [
        (each, each.func.attr)
        for each, _ in names.calls
        if isinstance(each.func, ast.Attribute)
        and (each.func.value is holder or (isinstance(each.func.value, ast.Name) and each.func.value.id == name))
    ]
    if name is not None and names.used.get(name, 0) != len(uses):
        raise _Unknown  # it is handed to somebody else
    for call, method in uses:
        yield call, method
        if method in _GROUPS:
            yield from _uses(names, call)


def _judged(made: _Made, text: str, conditional: frozenset[ast.AST]) -> ScriptParser | None:
    reads = made.calls(*_READS) if made.kind == "HfArgumentParser" else []
    parses = made.calls(_PARSES[made.kind])
    if any(method not in (*_BESIDE, *_READS, _PARSES[made.kind]) for _, method in made.uses):
        return None
    if reads:
        return _of_reads(made, reads, text)
    if len(parses) != 1 or parses[0] in conditional or "argv" in text or parses[0].args:
        return None
    options, places, required = _declared(made, conditional)
    if made.kind == "ArgumentParser":
        _check_words(made.call)
        is_whole = not parses[0].keywords
        return ScriptParser(options=options, places=places, required=required) if is_whole else None
    if made.kind == "TrlParser":
        return _of_trl(made, parses[0])
    fields, of_trl = _types(made)
    if parses[0].keywords or of_trl:
        return None
    return ScriptParser(options=options | {f"--{name}" for name in fields}, places=places)


def _of_reads(made: _Made, reads: list[ast.Call], text: str) -> ScriptParser | None:
    """HfArgumentParser reads a file, and refuses what none of its dataclasses has."""
    if not all(_is_strict(read) for read in reads):
        return None
    files = {ast.unparse(each) for read in reads for each in (*read.args, *(word.value for word in read.keywords))}
    # The first argument is the file's name then, never an option, if nothing else is done with it.
    is_first = files <= {"sys.argv[1]", "os.path.abspath(sys.argv[1])"} and "argv" not in _ARGV.sub("", text)
    options = frozenset[str]() if is_first else None
    return ScriptParser(*_types(made), reader=made.kind, options=options, places=True)


def _is_strict(read: ast.Call) -> bool:
    return (
        len(read.args) + len(read.keywords) == 1
        and not any(isinstance(argument, ast.Starred) for argument in read.args)
        and all(keyword.arg in ("json_file", "yaml_file") for keyword in read.keywords)
    )


def _of_trl(made: _Made, parse: ast.Call) -> ScriptParser | None:
    """TrlParser takes the file after --config; the release decides what becomes of a key that it does not know."""
    words = {keyword.arg: keyword.value for keyword in parse.keywords}
    fails = words.pop("fail_with_unknown_args", ast.Constant(True))
    if words or not isinstance(fails, ast.Constant):
        return None
    fields, of_trl = _types(made)
    added = {_destination(call) for call in made.calls("add_argument")}
    return ScriptParser(
        fields | added | {"env"},
        of_trl,
        reader=made.kind,
        drops=not fails.value,
        options=frozenset(["--config"]),
    )


def _declared(made: _Made, conditional: frozenset[ast.AST]) -> tuple[frozenset[str], bool, tuple[str, ...]]:
    """The options of the literal `add_argument` calls; whether an argument without one is taken; and what must be
    given beside it."""
    options: set[str] = set()
    places: list[str] = []
    required: list[str] = []
    for call in made.calls("add_argument"):
        names, words = _names(call), {keyword.arg: keyword.value for keyword in call.keywords}
        if not names[0].startswith("-"):
            places.append(names[0])
            if len(places) > 1 and "nargs" not in words and call not in conditional:
                required.append(names[0])
            continue
        options.update(names)
        must = words.get("required")
        if isinstance(must, ast.Constant) and must.value is True and call not in conditional:
            required.append(names[-1])
    return frozenset(options), bool(places), tuple(required)


def _names(call: ast.Call) -> list[str]:
    """The names of an `add_argument`."""
    names = [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    if not names or len(names) != len(call.args) or not all(keyword.arg for keyword in call.keywords):
        raise _Unknown
    return names


def _destination(call: ast.Call) -> str:
    """What the value of an `add_argument` is called: the first long option, unless it says another name."""
    names = _names(call)
    dest = next((keyword.value for keyword in call.keywords if keyword.arg == "dest"), None)
    if dest is not None and not isinstance(dest, ast.Constant):
        raise _Unknown
    long = next((name for name in names if name.startswith("--")), names[0])
    return str(dest.value) if dest is not None else long.lstrip("-").replace("-", "_")


def _check_words(call: ast.Call, *also: str) -> None:
    if any(keyword.arg not in (*_WORDS, *also) for keyword in call.keywords):
        raise _Unknown


def _conditional(tree: ast.Module) -> frozenset[ast.AST]:
    """What may not run, or more than once: all below a condition or a loop, save what runs as a script does."""
    found: set[ast.AST] = set()
    for node in ast.walk(tree):
        is_main = isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)
        if isinstance(node, ast.If | ast.For | ast.While | ast.Try | ast.Match | ast.IfExp) and not is_main:
            found.update(ast.walk(node))
    return frozenset(found)


def _of_config_call(names: Names, text: str) -> ScriptParser | None:
    """A script that hands all of the file to one config class, `TrainingArguments(**json.load(…))`, refuses what
    that does not have. One that names a file in its text may read that one."""
    if _FILE.search(text) or not any(word in text for word in ("argv", "ArgumentParser")):
        return None
    calls = [
        (call, scope)
        for call, scope in names.calls
        if isinstance(origin := scope.origin(call.func), str) and _is_config(origin)
    ]
    if len(calls) != 1 or len(calls[0][0].keywords) != 1 or calls[0][0].args:
        return None
    ((call, scope),) = calls
    given = call.keywords[0]
    loaded: tuple[ast.expr, Scope] | None = (given.value, scope)
    if isinstance(given.value, ast.Name):
        # Whoever does anything else with it may take keys out of it.
        loaded = scope.expression(given.value.id) if not names.used.get(given.value.id) else None
    if given.arg is not None or loaded is None or not isinstance(loaded[0], ast.Call):
        return None
    if loaded[1].origin(loaded[0].func) not in _LOADS:
        return None
    origin = str(scope.origin(call.func))
    return ScriptParser(frozenset(_of_config(origin)), reader=origin.rpartition(".")[2])


def _types(made: _Made) -> tuple[frozenset[str], tuple[str, ...]]:
    """The fields of the dataclasses that a parser is made of; and those of TRL's among them that have other fields
    in
    each release."""
    given = [*made.call.args, *(each.value for each in made.call.keywords if each.arg == "dataclass_types")]
    _check_words(made.call, "dataclass_types")
    if len(given) != 1:
        raise _Unknown
    found = [name for each, scope in _each(given[0], made.scope) for name in _of_class(each, scope, 0)]
    of_trl = tuple(name.removeprefix("trl.") for name in found if name.startswith("trl."))
    return frozenset(name for name in found if not name.startswith("trl.")), of_trl


def _each(given: ast.expr, scope: Scope) -> Iterator[tuple[ast.expr, Scope]]:
    """A class, or each of several."""
    if isinstance(given, ast.Tuple | ast.List):
        for each in given.elts:
            yield each, scope
    elif isinstance(given, ast.Name) and (bound := scope.expression(given.id)):
        yield from _each(*bound)
    else:
        yield given, scope


def _of_class(given: ast.expr, scope: Scope, depth: int) -> Iterator[str]:
    """The fields of a dataclass; `trl.ModelConfig` for those of one of TRL's."""
    origin = scope.origin(given)
    if isinstance(origin, str):
        name = origin.rpartition(".")[2]
        if origin.startswith("trl.") and name in knowledge.trl_dataclasses():
            yield f"trl.{name}"
        elif _is_config(origin):
            yield from _of_config(origin)
        else:
            raise _Unknown
        return
    if origin is None or depth > _MOST_BASES or not isinstance(origin.what, ast.ClassDef):
        raise _Unknown
    if origin.what.keywords or not all(_is_dataclass(each, origin) for each in origin.what.decorator_list):
        raise _Unknown
    for statement in origin.what.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target.id
    for base in origin.what.bases:
        yield from _of_class(base, origin.scope, depth + 1)


def _is_dataclass(decorator: ast.expr, bound: Bound) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return bound.scope.origin(called) == "dataclasses.dataclass"


def _is_config(origin: str) -> bool:
    return origin.partition(".")[0] in ("transformers", "trl") and origin.rpartition(".")[2] in classes()


def _of_config(origin: str) -> Iterator[str]:
    """What a config class has in any release."""
    for layer in knowledge.find_release(None, None, classes()[origin.rpartition(".")[2]]).layers:
        yield from layer.arguments


def _is_from(function: ast.expr, scope: Scope, package: str, name: str) -> bool:
    origin = scope.origin(function)
    return isinstance(origin, str) and origin.startswith(f"{package}.") and origin.rpartition(".")[2] == name

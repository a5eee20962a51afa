"""Ask the parser of a script of TRL's own; part of ask_readers.py.

A job is that of construct.py with {module}; a reading is {by, unverified, error}.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from configlint.verify import construct


def parse(job: dict[str, Any]) -> dict[str, Any]:
    """What the script's parser makes of the JSON, without what this machine cannot construct. The script itself
    ignores what its parser does not know."""
    import trl

    by = f"trl {trl.__version__}"
    nothing: dict[str, Any] = {"by": None, "unverified": [], "error": None}
    if construct.other_release("trl", trl.__version__, job["trl"]):
        return nothing  # said of the config class
    try:
        parser = importlib.import_module(job["module"]).make_parser()
        with TemporaryDirectory() as folder:
            path = Path(folder, "training_args.json")
            path.write_text(json.dumps(construct.constructible(job)), encoding="utf-8")
            *_, unknown = parser.parse_args_and_config(["--config", str(path)], return_remaining_strings=True)
    except (ImportError, AttributeError):
        return nothing  # a release without the script, or without such a parser
    except (Exception, SystemExit) as error:
        said = " ".join(str(error).split()) or repr(error)
        return {"by": by, "unverified": [], "error": f"rejects this: {said}"}
    names = [word.removeprefix("--") for word in unknown if word.startswith("--")]
    ignored = f"ignores {', '.join(names)}: the parser of {job['module']} has no such argument"
    return {"by": by, "unverified": [], "error": ignored if names else None}

"""Configs of scripts that train without the Trainer, like run_clm_no_trainer.py of Transformers' examples.

They have names of TrainingArguments and declare them themselves: of those, only what has one meaning in any such
script is read, and no release takes it away.

Source: transformers 5.24 examples/pytorch/language-modeling/run_clm_no_trainer.py; open-instruct at 2025-01,
open_instruct/finetune.py and utils.py, ArgumentParserPlus
"""

from __future__ import annotations

from collections.abc import Sequence

from configlint.core.diagnostic import Diagnostic
from configlint.core.dialect import Dialect, Marks, Reader, Root
from configlint.core.document import Mapping, Node
from configlint.core.spec import Lowered, Setting, Spec
from configlint.frontends import training_arguments
from configlint.frontends.values import value_of
from configlint.knowledge.naming import spellings

# What a script asks for that does itself what the Trainer does.
_MARKS = ("with_tracking", "checkpointing_steps")
# Of what else it reads, what can only be a number that the optimizer gets, and is an argument in all releases.
_NUMBERS = ("learning_rate", "weight_decay")
_NAMES = spellings("training_arguments")


def _fit(root: Root) -> bool:
    return not root.keys.isdisjoint(_MARKS) and not root.calls and training_arguments.fits(root)


DIALECT = Dialect(
    name="own_script",
    title="config of a script without the Trainer",
    marks=Marks(_MARKS, _fit),
    names={
        **{path: _NAMES[path] for path in ("batch.per_device", "batch.accumulation")},
        **{f"training.{name}": name for name in _NUMBERS},
    },
    # Whether a text becomes a number depends on the script.
    readers={
        "yaml": Reader("yaml-1.1", coerces=True, unknown="kept"),
        "json": Reader("json", coerces=True, unknown="kept"),
    },
)


def form(document: Node) -> list[Diagnostic]:
    return training_arguments.form(document)


def lower(documents: list[Mapping], assignments: Sequence[Mapping] = ()) -> Lowered:
    """One plan: the factors of the batch, what comments say of it, and the numbers of the optimizer."""
    from configlint.frontends.claims import claims  # patterns that specs do not need

    document, source = documents[-1], documents[-1].span.source
    reader = DIALECT.readers["json" if source.name.endswith(".json") else "yaml"]
    settings = {}
    for path, name in DIALECT.names.items():
        if name in document.entries:
            key, node = document.entries[name]
            settings[path] = Setting(value_of(node, reader.scalars), (name,), key.span, node.span)
    spec = Spec(source, settings, DIALECT, reader, claims=claims(source))
    return Lowered((spec,), spec)

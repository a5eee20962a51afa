"""What is used of PyYAML: libyaml's events. The regular expressions of its own reader and resolver, which are not,
take longer to compile than all else of it takes to load."""

from configlint.core.regex import postponed

with postponed("yaml"):
    from yaml import YAMLError
    from yaml.cyaml import CParser  # type: ignore[attr-defined]
    from yaml.events import (
        AliasEvent,
        MappingEndEvent,
        MappingStartEvent,
        ScalarEvent,
        SequenceEndEvent,
        StreamEndEvent,
    )
    from yaml.reader import ReaderError

__all__ = [
    "AliasEvent",
    "CParser",
    "MappingEndEvent",
    "MappingStartEvent",
    "ReaderError",
    "ScalarEvent",
    "SequenceEndEvent",
    "StreamEndEvent",
    "YAMLError",
]

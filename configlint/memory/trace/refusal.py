"""Why a workload cannot be traced."""

# Libraries list all that they know in their messages.
_LONGEST = 200


class Refusal(Exception):
    """Its text is one sentence for users."""


def in_a_line(error: Exception) -> str:
    """What a library says, in one line, cut where it goes on."""
    said = " ".join(str(error).split()) or type(error).__name__
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST].rsplit(' ', 1)[0]} ..."

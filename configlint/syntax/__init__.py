"""Text to located documents, and their form."""

from configlint.syntax.reader import read as read
from configlint.syntax.schema import schema_text as schema_text
from configlint.syntax.schema import validate as validate

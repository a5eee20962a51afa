"""Text to located documents, and their form."""

from configlint.syntax.reader import read as read
from configlint.syntax.schema import schema_path as schema_path
from configlint.syntax.schema import validate as validate

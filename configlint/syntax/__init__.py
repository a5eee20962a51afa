"""Text to located documents: a module a syntax. No key is known here."""

from configlint.syntax.yaml import read as read

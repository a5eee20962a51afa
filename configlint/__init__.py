"""configlint: a linter and compiler for training configs."""

__version__ = "0.1.0"

"""Artifacts held against the programs that read them."""

from configlint.verify.training_arguments import Verdict as Verdict
from configlint.verify.training_arguments import verify as verify

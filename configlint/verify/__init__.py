"""Artifacts held against the programs that read them."""

from configlint.verify.installed import verify as verify
from configlint.verify.verdict import Made as Made
from configlint.verify.verdict import Verdict as Verdict
from configlint.verify.verdict import lines as lines

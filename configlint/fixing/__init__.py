"""Findings to changes of a user's text: which are sure, and where in the text they are."""

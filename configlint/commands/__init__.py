"""The commands: one module each, for those whose work is more than a call of the pipeline.

`console` is what they share: exit codes, and what is said beside the output.
"""

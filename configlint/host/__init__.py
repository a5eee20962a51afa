"""The machine: files in, files out, processes and signals.

`read` and `walk` are the only way to a user's files: a regular file of bounded size, in a folder that is listed
without running anything of it. `write` and `rewrite` change files whole or not at all.
"""

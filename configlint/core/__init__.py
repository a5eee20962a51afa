"""The nouns, source to artifact, and their arithmetic: nothing here reads or writes a file.

`source` and `document` are a text and what stands in it; `spec`, `plan` and `artifact` the stages of the program;
`rule`, `diagnostic` and `edit` what is said and changed; the rest are small things that all others need.
"""

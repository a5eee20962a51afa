"""What a step of training takes of a device's memory.

`closed_form` computes it, `trace` runs the real model on tensors without data, `options` are what would take less.
"""

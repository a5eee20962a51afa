"""Tensors that are nothing but sizes, with PyTorch's autograd over them.

What a training step holds at its worst moment follows from the order in which tensors come and go: which ones
an operation saves for its backward, how long a local name keeps one alive, what a backward allocates before it
frees. So the closed form runs one layer on tensors without data: a `Storage` counts its bytes from when it is
made until Python drops it, which is when PyTorch would. One layer takes some tenths of a millisecond.

Source: PyTorch 2.13, torch/csrc/autograd (engine.cpp: nodes run in the reverse order of their making, saved
tensors are released after each; input_buffer.cpp: gradients that meet are added in place) and
c10/cuda/CUDACachingAllocator.cpp (blocks of 512 bytes).
"""

from __future__ import annotations

from collections.abc import Callable

from configlint.core.workload import CATEGORIES

BLOCK_BYTES = 512
_INDEX = {category: index for index, category in enumerate(CATEGORIES)}


def whole_blocks(size: int) -> int:
    """Bytes as the allocator gives them out."""
    return -(-size // BLOCK_BYTES) * BLOCK_BYTES


class Storage:
    """Bytes on the device, for as long as the object lives. `width` says what they are a multiple of."""

    __slots__ = ("category", "size", "tape", "width")

    def __init__(self, tape: Tape, size: int, width: str = "1", category: int | None = None) -> None:
        self.tape = tape
        self.size = whole_blocks(size)
        self.width = width
        self.category = tape.category if category is None else category
        tape.live[self.category] += self.size
        tape.total += self.size

    def __del__(self) -> None:
        tape = self.tape
        if tape.total > tape.peak:
            tape.settle()
        tape.live[self.category] -= self.size
        tape.total -= self.size

    def become(self, category: str) -> None:
        """Count it as something else from now on."""
        self.tape.live[self.category] -= self.size
        self.category = _INDEX[category]
        self.tape.live[self.category] += self.size


class Weight:
    """A parameter of `count` elements of `item` bytes; the bytes themselves are counted by who adds up the model.

    `bits` are those of an element where it is quantized, else 0. `shared` says that another use of it gives a
    gradient too, so that the first one waits for the second. `copy` is autocast's 16-bit copy of it, for as long as
    autocast keeps one. `side` is the length of one of its sides, where it is the matrix of a linear module.
    """

    __slots__ = ("bits", "copy", "count", "grad", "item", "name", "shared", "side", "trainable")

    def __init__(self, name: str, count: int, item: int, trainable: bool) -> None:
        self.name = name
        self.count = count
        self.item = item
        self.trainable = trainable
        self.bits = 0
        self.shared = False
        self.side = 0
        self.grad: Storage | None = None
        self.copy: Tensor | None = None


class Node:
    """A step of the backward: `rule` makes a gradient for each of `targets` from its own `grad`."""

    __slots__ = ("grad", "order", "rule", "saved", "targets")

    def __init__(self, order: int, targets: tuple[Target, ...], saved: tuple[Storage, ...], rule: Rule) -> None:
        self.order = order
        self.targets = targets
        self.saved = saved
        self.rule = rule
        self.grad: Storage | None = None


class Tensor:
    """`count` elements of `item` bytes, each a multiple of `width`; `node` is None where it needs no gradient."""

    __slots__ = ("count", "item", "node", "storage")

    def __init__(self, storage: Storage, count: int, item: int, node: Node | None = None) -> None:
        self.storage = storage
        self.count = count
        self.item = item
        self.node = node

    @property
    def width(self) -> str:
        return self.storage.width


Target = Node | Weight | None
Rule = Callable[[Node], tuple[Storage | None, ...]]


class Tape:
    """The device of one run: what lives on it, the most that did, and the weights that were used.

    `autocast` is the size of autocast's elements, 0 without it. `fresh` says that no gradients are there yet, so
    that those which are made stay.
    """

    def __init__(self, autocast: int = 0, fresh: bool = True) -> None:
        self.autocast = autocast
        self.fresh = fresh
        self.live = [0] * len(CATEGORIES)
        self.total = 0
        self.peak = 0
        self.at_peak = self.live
        self.category = _INDEX["activations"]
        self.recording = True
        self.weights: dict[str, Weight] = {}
        self.copies: list[Weight] = []
        self.order = 0
        self.nodes: list[Node] | None = None

    def settle(self) -> None:
        """Note a new peak."""
        if self.total > self.peak:
            self.peak = self.total
            self.at_peak = self.live.copy()

    def moment(self, size: int) -> None:
        """Bytes that one operation takes and gives back."""
        Storage(self, size)

    def restart(self) -> None:
        """Look for the peak from here on."""
        self.peak = 0
        self.settle()

    def spend_on(self, category: str) -> int:
        """Count what is made from now on there; gives back what it was before."""
        before, self.category = self.category, _INDEX[category]
        return before

    def record(self, targets: tuple[Target, ...], saved: tuple[Storage, ...], rule: Rule) -> Node | None:
        """The node of an operation; None where nothing that goes in needs a gradient."""
        if not self.recording or not any(needs(target) for target in targets):
            return None
        self.order += 1
        node = Node(self.order, targets, saved, rule)
        if self.nodes is not None:
            self.nodes.append(node)
        return node

    def backward(self, root: Node) -> None:
        """Run the backward from a node that holds its gradient."""
        ready = {root.order: root}
        while ready:
            node = ready.pop(max(ready))
            gradients = node.rule(node)
            node.saved, node.grad = (), None
            for target, gradient in zip(node.targets, gradients, strict=True):
                if isinstance(target, Weight):
                    if gradient is not None:
                        self._accumulate(target, gradient)
                elif target is not None and gradient is not None:
                    if target.grad is not None:
                        continue  # added in place: the second is dropped
                    target.grad = gradient
                    if target.order:
                        ready[target.order] = target
            node.targets = ()
            gradient = target = None
            del gradients
        self.settle()

    def forget_copies(self) -> None:
        """What autocast does when its outermost block ends."""
        for weight in self.copies:
            weight.copy = None
        self.copies.clear()

    def _accumulate(self, weight: Weight, gradient: Storage) -> None:
        if weight.trainable and weight.grad is None and (self.fresh or weight.shared):
            gradient.become("gradients")
            weight.grad = gradient


def needs(target: Target) -> bool:
    """Whether a gradient goes there."""
    return target is not None and (not isinstance(target, Weight) or target.trainable)

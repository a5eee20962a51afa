"""One part of the model, forward and backward: what it takes at its worst, and what it leaves behind.

Layers of one kind are alike, so one is run for all of them: the step then adds them up.
"""

from __future__ import annotations

from collections.abc import Callable

from configlint.core.record import NamedTuple
from configlint.core.workload import CATEGORIES
from configlint.memory.closed_form.tape import Node, Storage, Tape, Tensor, Weight

_AUTOCAST = CATEGORIES.index("autocast")
Body = Callable[[Tensor], Tensor]


class Segment(NamedTuple):
    """Bytes by category, in the order of `CATEGORIES`, above what is there when the segment begins.

    `forward` and `backward` are what there is at the peak of each; the former counts the segment's input, the
    latter what forward left and the gradient that comes in. `kept` is what stays after forward, `copies` what of
    it goes when autocast ends, `gradients` what stays after backward. `saved` are the bytes of `kept` by width.
    """

    forward: tuple[int, ...]
    kept: tuple[int, ...]
    copies: int
    backward: tuple[int, ...]
    gradients: int
    weights: tuple[Weight, ...]
    saved: dict[str, int]


def run(tape: Tape, body: Body, count: int, item: int, trained_input: bool, checkpointing: bool) -> Segment:
    """Run a part of the model on `count` elements of `item` bytes, forward and backward."""
    source = Node(0, (), (), _nothing) if trained_input else None
    x = Tensor(Storage(tape, count * item, "hidden"), count, item, source)
    tape.nodes = []
    tape.restart()
    out = _checkpointed(tape, body, x) if checkpointing else body(x)
    tape.settle()
    forward = tuple(tape.at_peak)
    root, size = out.node, out.storage.size
    del x
    saved = _saved(tape.nodes)
    tape.nodes = None
    category = out.storage.category
    del out
    with_copies = tape.total
    tape.forget_copies()
    copies = with_copies - tape.total
    kept = tuple(tape.live)
    backward = kept
    if root is not None:
        tape.restart()
        root.grad = Storage(tape, size, "hidden", category)
        tape.backward(root)
        backward = tuple(tape.at_peak)
    del root
    if source is not None:
        source.grad = None
    weights = tuple(tape.weights.values())
    gradients = sum(weight.grad.size for weight in weights if weight.grad)
    for weight in weights:
        weight.grad = None
    return Segment(forward, kept, copies, backward, gradients, weights, saved)


def run_forward(tape: Tape, body: Body, count: int, item: int, held: int = 0) -> tuple[tuple[int, ...], int]:
    """A part of the model without gradients: the most that it takes with what is `held` meanwhile, and autocast's
    copies, that stay."""
    tape.recording = False
    beside = Storage(tape, held)
    x = Tensor(Storage(tape, count * item, "hidden"), count, item)
    tape.restart()
    out = body(x)
    tape.settle()
    peak = tuple(tape.at_peak)
    del x, out, beside
    copies = tape.total
    tape.forget_copies()
    return peak, copies


def _checkpointed(tape: Tape, body: Body, x: Tensor) -> Tensor:
    """torch.utils.checkpoint: forward keeps the input alone, and the backward runs it once more.

    Source: torch 2.13, utils/checkpoint.py: what the second run makes is saved as in the first one; autocast is
    entered anew and its copies go with it.
    """
    tape.recording = False
    out = body(x)
    tape.recording = True
    # What the graph of the first run would lead to.
    again = (x.storage, x.count, x.item)

    def rule(node: Node) -> tuple[Storage | None, ...]:
        before = tape.spend_on("recompute")
        source = Node(0, (), (), _nothing)
        second = body(Tensor(*again, source)).node
        tape.forget_copies()
        if second is None:
            return (None,)
        second.grad, node.grad = node.grad, None
        tape.backward(second)
        tape.category = before
        return (source.grad,)

    # Even where the input needs no gradient, the weights in it do.
    target = x.node or Node(0, (), (), _nothing)
    out.node = tape.record((target,), (x.storage,), rule)
    return out


def _nothing(node: Node) -> tuple[Storage | None, ...]:
    return ()


def _saved(nodes: list[Node]) -> dict[str, int]:
    """The bytes that the nodes of a graph keep, by what they are multiples of."""
    storages = {id(storage): storage for node in nodes for storage in node.saved if storage.category != _AUTOCAST}
    found: dict[str, int] = {}
    for storage in storages.values():
        found[storage.width] = found.get(storage.width, 0) + storage.size
    return found

"""The parts of a model, each run once: embedding, a layer of each kind, output layer with the loss."""

from __future__ import annotations

from functools import cached_property

from configlint.core.plan import CLASSIFYING
from configlint.core.workload import CATEGORIES, Workload
from configlint.memory.closed_form import layers, modules
from configlint.memory.closed_form.architecture import Architecture
from configlint.memory.closed_form.attention import Scope
from configlint.memory.closed_form.operations import cast
from configlint.memory.closed_form.segments import Segment, run, run_forward
from configlint.memory.closed_form.sharding import ITEMS
from configlint.memory.closed_form.tape import Tape, Tensor
from configlint.memory.closed_form.taped import TapedModel, Tuning

_AUTOCAST = CATEGORIES.index("autocast")


class Parts:
    """Makes each part of the model on a tape of its own."""

    def __init__(self, workload: Workload, sizes: Architecture, in_backward: bool = False) -> None:
        self.workload = workload
        # A head that classifies shares no matrix with the embedding.
        self.sizes = sizes = sizes.but(tied=False) if workload.task in CLASSIFYING else sizes
        self.item = ITEMS[workload.dtype]
        full = workload.method == "full"
        self.targets = workload.targets or sizes.adapted
        self.tuning = Tuning(
            full,
            workload.rank,
            ITEMS[workload.adapter_dtype],
            workload.bits if workload.method == "qlora" else 0,
            workload.upcast,
            workload.narrow_tables,
            workload.adapter_dropout,
            workload.dora,
            modules.saved(sizes, workload.saved_modules) or frozenset(),
        )
        self.scope = Scope(workload, self.item)
        # Whether gradients that are made stay.
        self.fresh = workload.accumulation == 1 and not in_backward
        # What the residual stream's elements take; a norm gives 32 bits under autocast.
        is_wide = (workload.upcast and not full) or (workload.autocast is not None and sizes.encoder)
        self.stream = 4 if is_wide else self.item
        self.count = self.scope.rows * sizes.hidden
        outside = modules.outside(sizes, self.targets, workload.pattern)
        self.outside: frozenset[str] = frozenset() if full else outside
        # Frozen weights below the first adapter need no gradient, unless checkpointing asks for one.
        embeds = "embedding" in self.outside or "embedding" in self.tuning.saved
        self.trained_input = full or embeds or workload.checkpointing

    @cached_property
    def first(self) -> int:
        """The first layer that has adapters."""
        return next((number for number in range(self.sizes.layers) if self.adapted(number)), self.sizes.layers)

    def model(self, sizes: Architecture, adapted: frozenset[str] = frozenset()) -> TapedModel:
        autocast = ITEMS[self.workload.autocast] if self.workload.autocast else 0
        tape = Tape(autocast, self.fresh)
        return TapedModel(tape, sizes, self.scope, self.tuning, adapted)

    def adapted(self, number: int) -> frozenset[str]:
        """What has adapters in a layer."""
        if self.tuning.full:
            return frozenset()
        return modules.in_layer(self.sizes, number, self.targets, self.workload.pattern)

    def embedding(self) -> Segment:
        model = self.model(self.sizes, self.outside)
        return run(model.tape, lambda x: layers.embed(model), 0, self.item, False, False)

    def layer(self, number: int) -> Segment:
        model = self.model(_of_one_device(self.sizes, self.workload.tensor), self.adapted(number))
        trained = self.trained_input or number > self.first

        def body(x: Tensor) -> Tensor:
            return layers.layer(model, x, number)

        return run(model.tape, body, self.count, self.stream, trained, self.checkpoints(number))

    def checkpoints(self, number: int) -> bool:
        """Source: transformers 5.23, modeling_utils.py, _set_gradient_checkpointing."""
        return self.workload.checkpointing and number % self.workload.checkpointed_every == 0

    def stack(self) -> list[Segment]:
        """All layers; those that are alike are one segment."""
        made: dict[object, Segment] = {}
        found = []
        for number in range(self.sizes.layers):
            window = self.sizes.windows[number] if self.sizes.windows else 0
            frozen = number <= self.first and not self.trained_input
            mask, unturned = self.scope.masked(window), number in self.sizes.unturned
            bare = self.sizes.bare_start and number == 0
            alike = mask, unturned, bare, frozen, self.adapted(number), self.checkpoints(number)
            if alike not in made:
                made[alike] = self.layer(number)
            found.append(made[alike])
        return found

    def head(self) -> Segment:
        """The output layer and the loss. The logits live until the Trainer has its loss, under autocast in 32 bits.

        Source: transformers 5.23, trainer.py, compute_loss; accelerate 1.15, utils/operations.py,
        convert_outputs_to_fp32.
        """
        model = self.model(self.sizes, self.outside)
        tape = model.tape

        def body(x: Tensor) -> Tensor:
            loss, logits = layers.head(model, x)
            if tape.autocast and logits:
                logits = cast(tape, logits, 4)
                tape.settle()
            return loss

        return run(tape, body, self.count, self.stream, True, False)

    def forward(self, scoring: bool, masks: int = 0) -> tuple[tuple[int, ...], int]:
        """All of the model without gradients, or all but the output layer: the worst moment, and beside it
        autocast's copies, that stay until its end. The embedding's output and the masks are there meanwhile."""
        stack = self.stack_alone(self.count * self.stream + masks)
        if not scoring:
            return stack
        head, copies = self.head_alone()
        return max(stack, (head, stack[1] + copies), key=lambda found: sum(found[0]) + found[1])

    def stack_alone(self, held: int = 0) -> tuple[tuple[int, ...], int]:
        """The last layer without gradients and what is `held` meanwhile, and beside it the copies of all."""
        model = self.model(_of_one_device(self.sizes, self.workload.tensor))
        last = self.sizes.layers - 1
        level, copies = run_forward(
            model.tape, lambda x: layers.layer(model, x, last), self.count, self.stream, held
        )
        return _without(level, copies), copies * (last + 1)

    def head_alone(self) -> tuple[tuple[int, ...], int]:
        model = self.model(self.sizes)
        level, copies = run_forward(model.tape, lambda x: layers.head(model, x)[0], self.count, self.stream)
        return _without(level, copies), copies


def _without(level: tuple[int, ...], copies: int) -> tuple[int, ...]:
    """Without the copies that are counted with those of all layers."""
    return tuple(size - copies if index == _AUTOCAST else size for index, size in enumerate(level))


def _of_one_device(sizes: Architecture, tensor: int) -> Architecture:
    """The part of a layer that one of the devices of tensor parallelism has. Its norms and stream are whole.

    Source: transformers 5.23, base_model_tp_plan: products by columns, then by rows.
    """
    if tensor == 1:
        return sizes
    return sizes.but(
        heads=max(sizes.heads // tensor, 1),
        key_heads=max(sizes.key_heads // tensor, 1),
        inner=max(sizes.inner // tensor, 1),
        expert_inner=sizes.expert_inner // tensor,
        shared_inner=sizes.shared_inner // tensor,
    )

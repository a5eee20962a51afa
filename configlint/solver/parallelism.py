"""Hardware and parallelism: how many processes, and how many of them see other samples."""

from __future__ import annotations

from collections.abc import Callable

from configlint.core.arithmetic import MOST_DEVICES
from configlint.core.plan import Hardware, Parallel
from configlint.core.profile import Accelerator, Instance
from configlint.core.spec import Spec
from configlint.core.values import decimal, natural, positive, real, text
from configlint.core.wording import count
from configlint.solver.ledger import Ledger

_DEVICES = ("hardware.nodes", "hardware.devices_per_node", "hardware.reserved")
_ACCELERATOR = "hardware.accelerator"
_MODEL_PARALLEL = ("parallel.tensor", "parallel.context", "parallel.sequence")

Find = Callable[[str], Accelerator | Instance | tuple[str, ...]]


def solve_hardware(ledger: Ledger, find: Find) -> Hardware:
    """The machine; `find` gives a bundled accelerator or a cloud's machine, or the names there are for an unknown
    one."""
    inline = ledger.spec.section("hardware.accelerator")
    name = text(inline.get("name")) or ledger.given(_ACCELERATOR, text)
    found = _inline(inline) if inline else find(name) if name else None
    instance = None
    if isinstance(found, Instance):
        instance, found = found, found.accelerator
    accelerator = found if isinstance(found, Accelerator) else None
    if accelerator:
        name = accelerator.name
        ledger.meant(_ACCELERATOR, name)
    return Hardware(
        accelerator=accelerator,
        accelerator_name=name,
        known=found if found and not isinstance(found, Accelerator) else (),
        instance=instance,
        devices_per_node=_devices(ledger, instance),
        nodes=ledger.given_or("hardware.nodes", positive, 1, "one node"),
        reserved=ledger.given_or("hardware.reserved", natural, 0, "all devices train"),
        headroom=_headroom(ledger, accelerator),
    )


def _headroom(ledger: Ledger, accelerator: Accelerator | None) -> float | None:
    path, default, why = "hardware.headroom", 0.1, "a tenth of the memory stays free"
    if accelerator and path not in ledger.spec.settings:
        return ledger.default(path, default, why)  # also where the machine is stated elsewhere than in the file
    return ledger.given_or(path, _share, default, why)


def _devices(ledger: Ledger, instance: Instance | None) -> int | None:
    """The devices of a node: as written, else all that a cloud's machine has."""
    if instance is None:
        return ledger.given("hardware.devices_per_node", positive)
    why = f"{instance.name} has {count(instance.devices, 'device')}"
    return ledger.given_or("hardware.devices_per_node", positive, instance.devices, why)


def solve_parallel(ledger: Ledger, hardware: Hardware) -> Parallel:
    """World size and data-parallel degree; None where they are no positive whole number."""
    tensor, context, sequence = (ledger.given_or(path, positive, 1, "not used") for path in _MODEL_PARALLEL)
    world = replicas = None
    nodes, devices, reserved = hardware.nodes, hardware.devices_per_node, hardware.reserved
    every = nodes * devices if nodes is not None and devices is not None else None
    if every is not None and every <= MOST_DEVICES and reserved is not None and every > reserved:
        world = every - reserved
        ledger.derived("world", world, "nodes x devices_per_node - reserved", *_DEVICES)
    if world and tensor and context and sequence and world % (tensor * context * sequence) == 0:
        replicas = world // (tensor * context * sequence)
        ledger.derived("replicas", replicas, "world / (tensor x context x sequence)", "world", *_MODEL_PARALLEL)
    data = ledger.given_or("parallel.data", text, "ddp", "a whole copy of the model on each device")
    if data is None and world == 1 and not _has_engine(ledger.spec):
        data = ledger.derived("parallel.data", "ddp", "one device has the whole model", "world")
    return Parallel(
        data,
        *_sharing(ledger, data, replicas),
        tensor=tensor,
        context=context,
        sequence=sequence,
        world=world,
        replicas=replicas,
    )


def _has_engine(spec: Spec) -> bool:
    """Whether a call asks for one of those that share a model, or may do so; of a file without a call, nobody
    knows."""
    return (
        spec.call is None or spec.open or any(f"training.{name}" in spec.settings for name in ("fsdp", "deepspeed"))
    )


def _sharing(ledger: Ledger, data: str | None, replicas: int | None) -> tuple[int | None, int | None]:
    """The replicas that share one copy of the model, and the number of copies."""
    shard = ledger.given("parallel.shard", positive)
    if data != "fsdp" or replicas is None:
        return shard, None
    if "parallel.shard" not in ledger.spec.settings:
        shard = replicas
        ledger.derived("parallel.shard", shard, "replicas", "replicas")
    if shard is None or replicas % shard:
        return shard, None
    ledger.derived("copies", replicas // shard, "replicas / shard", "replicas", "parallel.shard")
    return shard, replicas // shard


def _share(value: object) -> float | None:
    """A part of one, all of it left out."""
    share = real(value)
    return share if share is not None and 0 <= share < 1 else None


def _inline(fields: dict[str, object]) -> Accelerator | None:
    """An accelerator described in the spec itself."""
    name, memory_gib = text(fields.get("name")), real(fields.get("memory"))
    if name is None or memory_gib is None or memory_gib <= 0:
        return None
    capability = (text(fields.get("compute_capability")) or "").split(".")
    dtypes = fields.get("dtypes")
    return Accelerator(
        name=name,
        vendor=text(fields.get("vendor")),
        memory_gib=memory_gib,
        compute_capability=(decimal(capability[0]), decimal(capability[1]))
        if len(capability) == 2 and all(part.isdecimal() for part in capability)
        else None,
        dtypes=frozenset(str(dtype) for dtype in dtypes) if isinstance(dtypes, list) else frozenset(),
    )

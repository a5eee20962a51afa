"""Spec to Plan. The solver fills and never judges: what was given stays, the rest is computed as
well as it can be, and what cannot be known is None."""

from __future__ import annotations

import os
from collections.abc import Iterator

from configlint.core.plan import Hardware, Launch, Plan, Precision, Use
from configlint.core.profile import Accelerator, Instance, Model
from configlint.core.release import Argument, Constructor, Release, is_kind, written
from configlint.core.spec import Spec, Written
from configlint.core.typing import Protocol
from configlint.core.values import flag, positive, text
from configlint.knowledge.facts import WEIGHTS
from configlint.knowledge.naming import owners
from configlint.solver.batch import solve_batch
from configlint.solver.demand import Asked, loaded_dtype, solve_workload
from configlint.solver.facts import joined
from configlint.solver.ledger import Ledger
from configlint.solver.parallelism import solve_hardware, solve_parallel
from configlint.solver.room import Room, solve_memory
from configlint.solver.schedule import solve_data, solve_generation, solve_intervals, solve_schedule
from configlint.solver.tuning import solve_loaded, solve_tuning


class Knowledge(Protocol):
    """What is looked up; an unknown name gives the names there are."""

    def find_release(self, transformers: str | None, trl: str | None, trainer: str | None) -> Release: ...

    def find_constructor(self, transformers: str | None, trl: str | None, trainer: str) -> Constructor | None: ...

    def find_accelerator(self, name: str) -> Accelerator | Instance | tuple[str, ...]: ...

    def find_communication(self, vendor: str) -> dict[str, tuple[float, float]] | None: ...

    def find_model(self, name: str, folder: str) -> Model | tuple[str, ...]: ...

    def find_by_hub_id(self, hub_id: str) -> Model | None: ...

    def is_hub_id(self, name: str, folder: str) -> bool: ...


def solve(spec: Spec, knowledge: Knowledge) -> Plan:
    """The plan of a spec."""
    named = [spec.settings.get(path) for path in ("transformers", "trl", "trainer")]
    transformers, trl, trainer = (text(setting.value) if setting else None for setting in named)
    # What nobody states may be pinned by the tool whose dialect it is.
    transformers = transformers or spec.dialect.releases.get("transformers")
    trl = trl or spec.dialect.releases.get("trl")
    # Where a file does not say for which class it is, or says it wrong, only what all of them have is known.
    default = "Trainer" if spec.dialect.route("trainer") and "trainer" not in spec.settings else None
    release = knowledge.find_release(transformers, trl, trainer or default)
    built = spec.settings.get("constructor")
    constructor = knowledge.find_constructor(transformers, trl, str(built.value)) if built else None
    spec = joined(spec, release, knowledge)
    ledger = Ledger(spec, release)
    newest = written(ledger.release.transformers)
    hardware = solve_hardware(ledger, knowledge.find_accelerator)
    parallel = solve_parallel(ledger, hardware)
    hardware = _with_communication(hardware, parallel.world, knowledge)
    data = solve_data(ledger)
    found = _model(ledger, knowledge)
    model = found if isinstance(found, Model) else None
    tuning, loaded = solve_tuning(ledger), solve_loaded(ledger, model)
    precision = _precision(ledger, loaded_dtype(ledger, loaded, model))
    asked = Asked(model, loaded, tuning, hardware, parallel, precision, data)
    room = Room(hardware, *solve_workload(ledger, asked))
    batch = solve_batch(ledger, parallel.replicas, room)
    generation = solve_generation(ledger, batch, parallel)
    return Plan(
        spec=spec,
        origins=ledger.origins,
        release=ledger.release,
        transformers=ledger.given_or("transformers", text, newest, "the newest known release that matches"),
        trl=ledger.given("trl", text),
        trainer=ledger.given_or("trainer", text, "Trainer", "Transformers' own trainer"),
        model=model,
        weights=_weights(ledger, knowledge),
        known_models=found if found and not isinstance(found, Model) else (),
        loaded=loaded,
        sequence_length=ledger.given("model.sequence_length", positive),
        tuning=tuning,
        hardware=hardware,
        parallel=parallel,
        batch=batch,
        data=data,
        schedule=solve_schedule(ledger, batch, data, parallel.replicas, generation),
        intervals=solve_intervals(ledger),
        precision=precision,
        training=(training := _training(spec)),
        arguments=(arguments := spec.section("arguments")),
        launch=(launch := _launch(ledger)),
        uses=(*_uses(spec, training, arguments, ledger.release, launch), *_keywords(spec, constructor)),
        constructor=constructor,
        generation=generation,
        memory=solve_memory(room, batch, parallel.replicas),
    )


def _training(spec: Spec) -> dict[str, object]:
    found = spec.section("training")
    return found if spec.call is None else Written(found, spec.open)


def _with_communication(hardware: Hardware, world: int | None, knowledge: Knowledge) -> Hardware:
    """With what several devices take to talk to each other."""
    accelerator = hardware.accelerator
    if accelerator is None or accelerator.vendor is None or accelerator.memory_gib is None or (world or 1) == 1:
        return hardware
    found = knowledge.find_communication(accelerator.vendor)
    taken = found["first_mib"] if found else None
    return hardware._replace(accelerator=accelerator._replace(communication_mib=taken))


def _uses(
    spec: Spec, training: dict[str, object], arguments: dict[str, object], release: Release, launch: Launch
) -> Iterator[Use]:
    """What was written of the trainer's class; and of what TRL's own scripts read beside it."""
    for name in training:
        value = spec.settings[f"training.{name}"].value
        if name not in owners() and name not in spec.reader.redeclared:
            # Of one that is compiled under another name, it is that one's types which count.
            meant = release.arguments.get(release.spelling(name) or "")
            own = _held(release.arguments.get(name), spec, release)
            yield _use(f"training.{name}", name, value, meant)._replace(argument=own)
    script = release.others.get(launch.module) if launch.module else None
    if script and script.held():
        for name, value in arguments.items():
            if name not in owners() and name not in release.arguments:
                yield _use(f"arguments.{name}", name, value, script.get(name))


def _keywords(spec: Spec, constructor: Constructor | None) -> Iterator[Use]:
    """What was written of the trainer's constructor."""
    for name, value in spec.section("constructor").items() if constructor else ():
        yield _use(f"constructor.{name}", name, value, constructor.keywords.get(name) if constructor else None)


def _held(argument: Argument | None, spec: Spec, release: Release) -> Argument | None:
    """None where a release that is newer than the data was read, and neither it nor another layer has it."""
    if argument is None or spec.newer.get(argument.layer.package) is None or spec.in_newer(argument.name):
        return argument
    unread = [layer for layer in release.layers if spec.newer.get(layer.package) is None]
    return argument if any(layer.get(argument.name) for layer in unread) else None


def _use(path: str, name: str, value: object, argument: Argument | None) -> Use:
    return Use(path, name, value, argument, argument is None or is_kind(value, argument.kinds))


def _model(ledger: Ledger, knowledge: Knowledge) -> Model | tuple[str, ...] | None:
    name = ledger.given("model.config", text)
    if name is None:
        return None
    return knowledge.find_model(name, _folder(ledger.spec, "model.config"))


def _weights(ledger: Ledger, knowledge: Knowledge) -> Model | None:
    setting = ledger.spec.settings.get(WEIGHTS) if ledger.script else None
    hub_id = text(setting.value) if setting else None
    return knowledge.find_by_hub_id(hub_id) if hub_id else None


def _precision(ledger: Ledger, weights: str | None) -> Precision:
    fp16 = ledger.argument("fp16", flag)
    bf16 = ledger.argument("bf16", flag)
    default = ledger.release.arguments.get("bf16")
    if default and default.default is None and fp16 is not None and "training.bf16" not in ledger.spec.settings:
        # Left open, TRL's classes turn it on unless fp16 is; source: trl 1.16, trl/trainer/base_config.py.
        bf16 = ledger.given_or("training.bf16", flag, not fp16, "TRL's default")
    return Precision(bf16, fp16, ledger.given("training.tf32", flag), weights)


def _launch(ledger: Ledger) -> Launch:
    spec = ledger.spec
    flag_default = "--config" if ledger.release.trl else ""
    workdir = ledger.given("launch.workdir", text) or "."
    return Launch(
        script=ledger.given("launch.script", text),
        module=ledger.given("launch.module", text),
        config_flag=ledger.given_or("launch.config_flag", text, flag_default, "the option that the script reads"),
        workdir=os.path.normpath(os.path.join(_folder(spec, "launch.workdir"), workdir)),
        launcher=ledger.given_or("launch.launcher", text, "torchrun", "it requires only torch"),
        setup=ledger.given("launch.setup", text),
    )


def _folder(spec: Spec, path: str) -> str:
    """The folder that a path in the spec is relative to: that of the file that says it."""
    setting = spec.settings.get(path)
    return os.path.dirname(setting.span.source.name if setting else spec.source.name)

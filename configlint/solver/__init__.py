"""Spec to Plan. The solver fills and never judges: what was given stays, the rest is computed as
well as it can be, and what cannot be known is None."""

from __future__ import annotations

import os
from typing import Protocol

from configlint.plan import Launch, Plan, Precision
from configlint.profile import Accelerator, Model
from configlint.solver.batch import solve_batch
from configlint.solver.ledger import Ledger
from configlint.solver.parallelism import solve_hardware, solve_parallel
from configlint.solver.schedule import solve_data, solve_intervals, solve_schedule
from configlint.spec import Spec
from configlint.values import flag, positive, text

# Config classes that TRL's own scripts parse with --config; source: trl 1.16, trl/scripts.
_TRL_TRAINERS = ("SFTTrainer", "DPOTrainer", "GRPOTrainer", "RewardTrainer", "KTOTrainer", "RLOOTrainer")


class Knowledge(Protocol):
    """What is looked up; an unknown name gives the names there are."""

    newest_transformers: str

    def find_accelerator(self, name: str) -> Accelerator | tuple[str, ...]: ...

    def find_model(self, name: str, folder: str) -> Model | tuple[str, ...]: ...


def solve(spec: Spec, knowledge: Knowledge) -> Plan:
    """The plan of a spec."""
    ledger = Ledger(spec)
    hardware = solve_hardware(ledger, knowledge.find_accelerator)
    parallel = solve_parallel(ledger, hardware)
    batch = solve_batch(ledger, parallel.replicas)
    data = solve_data(ledger)
    newest = knowledge.newest_transformers
    model = _model(ledger, knowledge)
    return Plan(
        spec=spec,
        origins=ledger.origins,
        transformers=ledger.given_or("transformers", text, newest, "the newest release known"),
        trl=ledger.given("trl", text),
        trainer=(trainer := ledger.given_or("trainer", text, "Trainer", "Transformers' own")),
        model=model if isinstance(model, Model) else None,
        known_models=model if isinstance(model, tuple) and not isinstance(model, Model) else (),
        sequence_length=ledger.given("model.sequence_length", positive),
        hardware=hardware,
        parallel=parallel,
        batch=batch,
        data=data,
        schedule=solve_schedule(ledger, batch, data, parallel.replicas),
        intervals=solve_intervals(ledger, trainer in _TRL_TRAINERS),
        precision=_precision(ledger, trainer),
        training=spec.section("training"),
        arguments=spec.section("arguments"),
        launch=_launch(ledger, trainer),
    )


def _model(ledger: Ledger, knowledge: Knowledge) -> Model | tuple[str, ...] | None:
    name = ledger.given("model.config", text)
    if name is None:
        return None
    return knowledge.find_model(name, _folder(ledger.spec, "model.config"))


def _precision(ledger: Ledger, trainer: str | None) -> Precision:
    fp16 = ledger.given_or("training.fp16", flag, False, "the Trainer's default")
    # TRL's classes turn bf16 on unless fp16 is; source: trl 1.16, trl/trainer/base_config.py.
    bf16 = trainer in _TRL_TRAINERS and fp16 is False
    return Precision(
        bf16=ledger.given_or("training.bf16", flag, bf16, "TRL's default" if bf16 else "the Trainer's default"),
        fp16=fp16,
        tf32=ledger.given("training.tf32", flag),
    )


def _launch(ledger: Ledger, trainer: str | None) -> Launch:
    spec = ledger.spec
    flag_default = "--config" if trainer in _TRL_TRAINERS else ""
    workdir = ledger.given("launch.workdir", text) or "."
    return Launch(
        script=ledger.given("launch.script", text),
        module=ledger.given("launch.module", text),
        config_flag=ledger.given_or("launch.config_flag", text, flag_default, "what the script's parser reads"),
        workdir=os.path.normpath(os.path.join(_folder(spec, "launch.workdir"), workdir)),
        launcher=ledger.given_or("launch.launcher", text, "torchrun", "it needs nothing but torch"),
        setup=ledger.given("launch.setup", text),
    )


def _folder(spec: Spec, path: str) -> str:
    """The folder that a path in the spec is relative to: that of the file that says it."""
    setting = spec.settings.get(path)
    return os.path.dirname(setting.span.source.name if setting else spec.source.name)

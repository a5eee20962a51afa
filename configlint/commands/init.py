"""`init`: a commented spec to start from, for the machine that is stated or found, which checks clean."""

from __future__ import annotations

from collections.abc import Iterator

import click

from configlint import knowledge
from configlint.commands.console import note
from configlint.core.diagnostic import Diagnostic, Severity
from configlint.core.errors import UsageError
from configlint.core.profile import Accelerator, Instance, Model, lacks
from configlint.core.record import NamedTuple
from configlint.core.release import Release
from configlint.core.release import written as release_text
from configlint.core.wording import in_a_line
from configlint.core.writing import written
from configlint.host.gpus import Gpus, gpus
from configlint.pipeline import check
from configlint.project.stated import in_options
from configlint.session import Session

# Samples of a step where nobody says how many, rounded up to what the devices can share.
_SAMPLES = 64
_TOKENS = 2048
_MIB_PER_GIB = 1024


class Answers(NamedTuple):
    """What a spec begins with. Of an accelerator that is not known, it is its name and memory."""

    accelerator: str | dict[str, object]
    devices: int
    nodes: int = 1
    effective: int | None = None
    trainer: str | None = None
    model: str | None = None
    script: str | None = None


class _Way(NamedTuple):
    """How to train. Without a model nothing is known of memory, and the per-device batch is stated."""

    method: str = "full"
    data: str = "ddp"
    recomputes: bool = False
    per_device: int | None = None


# As much as fits without a change of what is trained, then adapters.
_WAYS = (
    _Way(),
    _Way(recomputes=True),
    _Way(data="fsdp", recomputes=True),
    _Way("lora", recomputes=True),
    _Way("lora", "fsdp", recomputes=True),
    _Way("qlora", recomputes=True),
)
# KTO requires two.
_WAYS_WITHOUT_MODEL = (_Way(per_device=1), _Way(per_device=2))

_TEXT = """\
# `configlint check {name}` finds mistakes in it.
# `configlint compile {name} -o build` writes the files that launch it.
configlint: 1
# transformers: "{release}"  # the release that runs the job; default: what the project pins, else the newest known
trainer: {trainer}  # the class that your script builds; `configlint list trainers`

# The samples of an optimizer step, over all devices. `configlint explain {name}` shows its factors.
batch:
  effective: {effective}
  {per_device}

# `configlint list accelerators` has the names.
hardware: {hardware}

# How the devices share the work: ddp, fsdp, or zero0 to zero3 of DeepSpeed.
parallel: {parallel}

# What your script loads. With it, configlint knows what fits: `configlint fit {name}`.
{model}
# Arguments of {config_class}: `configlint list arguments --trainer {trainer}`.
training:
  output_dir: out
  num_train_epochs: 3
  learning_rate: {rate}
{training}
# What your script is, and what else it reads from the JSON that it gets. To resume a run, have it call
# trainer.train(resume_from_checkpoint=True): the Trainer does not resume by itself.
{launch}"""


def machine(hardware: str | None, asks: bool) -> Answers:
    """Answers with the machine that is stated, or that of the GPUs here; without any, it is asked for.

    Raises:
        UsageError: there is none, or it is not in the form that it must have.
    """
    here = gpus() if hardware is None else None
    if here is not None:
        note(f"found {here.number} x {here.name}")
        return _found(here)
    if hardware is not None:
        return _stated(hardware)
    if not asks:
        raise UsageError("no GPU was found here: state the machine with --hardware, such as 8xh100-80gb or 2xcpu")
    answer: Answers = click.prompt("Machine, such as 8xh100-80gb or 2xcpu", value_proc=_asked, err=True)
    return answer


def asked(answers: Answers) -> Answers:
    """With an answer to each question that no option has answered."""
    if answers.effective is None:
        number = click.prompt(
            "Samples per step, over all devices", _samples(answers), type=click.IntRange(1), err=True
        )
        answers = answers._replace(effective=number)
    if answers.trainer is None:
        choices = click.Choice([*knowledge.trainers()])
        answers = answers._replace(trainer=click.prompt("Trainer", "Trainer", type=choices, err=True))
    if answers.model is None:
        model = click.prompt(
            "Model, such as llama-3.1-8b or owner/name (empty: none)", "", False, err=True, show_default=False
        )
        answers = answers._replace(model=model or None)
    if answers.script is None:
        script = click.prompt("Your training script (empty: none)", "", False, err=True, show_default=False)
        answers = answers._replace(script=script or None)
    return answers


def _found(here: Gpus) -> Answers:
    known = knowledge.find_accelerator(here.name)
    if isinstance(known, Accelerator):
        return Answers(known.name, here.number)
    return Answers({"name": here.name, "memory": round(here.mebibytes / _MIB_PER_GIB, 2)}, here.number)


def _stated(hardware: str) -> Answers:
    said = in_options(hardware, None)
    accelerator, devices, nodes = (
        said[f"hardware.{name}"].value for name in ("accelerator", "devices_per_node", "nodes")
    )
    assert isinstance(accelerator, str) and isinstance(devices, int) and isinstance(nodes, int)
    return Answers(accelerator, devices, nodes)


def _asked(text: str) -> Answers:
    try:
        return _stated(text)
    except UsageError as error:
        raise click.UsageError(str(error)) from error


def _samples(answers: Answers) -> int:
    """As many as all devices can share."""
    devices = answers.devices * answers.nodes
    return -(-_SAMPLES // devices) * devices


def starter(name: str, answers: Answers) -> tuple[str, list[Diagnostic]]:
    """The text of the spec, and what `check` finds in it; nothing but advice, if there is a way."""
    attempts = []
    for way in _ways(answers):
        text = _text(name, answers, way)
        session = Session()
        session.parse(name, text.encode())
        wrong = [found for found in check([name], session).diagnostics if found.severity is not Severity.INFO]
        attempts.append((text, wrong))
        if not wrong:
            break
    return min(attempts, key=lambda attempt: _errors(attempt[1]))


def _ways(answers: Answers) -> Iterator[_Way]:
    is_alone = answers.devices * answers.nodes == 1
    for way in _WAYS if answers.model else _WAYS_WITHOUT_MODEL:
        if not (is_alone and way.data == "fsdp"):
            yield way


def _errors(diagnostics: list[Diagnostic]) -> int:
    return sum(found.severity is Severity.ERROR for found in diagnostics)


def _text(name: str, answers: Answers, way: _Way) -> str:
    trainer = answers.trainer or "Trainer"
    release = _release(name, trainer)
    machine = {"accelerator": answers.accelerator, "devices_per_node": answers.devices, "nodes": answers.nodes}
    parallel: dict[str, object] = {"data": way.data}
    if way.recomputes and way.data == "fsdp":
        parallel["fsdp"] = {"activation_checkpointing": True}
    per_device = "# per_device: {max: 8}  # default: the most that fits"
    if way.per_device:
        per_device = f"per_device: {way.per_device}  # without it: the most that fits, if `model` is stated"
    return _TEXT.format(
        name=in_a_line(name),
        release=release_text(release.transformers),
        trainer=trainer,
        effective=answers.effective or _samples(answers),
        per_device=per_device,
        hardware=written(machine),
        parallel=written(parallel),
        model="".join(f"{line}\n" for line in _model(answers, way)),
        config_class=release.config_class,
        rate="2.0e-05" if way.method == "full" else "2.0e-04",
        training="".join(f"  {name}: true\n" for name in _switches(answers, way, release)),
        launch="".join(f"{line}\n" for line in _launch(answers, release)),
    )


def _release(name: str, trainer: str) -> Release:
    """The release that the project states for this file, else the newest."""
    stated = Session().projects.releases(name)
    return knowledge.find_release(stated.get("transformers"), stated.get("trl"), trainer)


def _precision(answers: Answers) -> str | None:
    """The argument for the precision that the device computes in; None where it is not known."""
    known = knowledge.find_accelerator(answers.accelerator) if isinstance(answers.accelerator, str) else None
    device = known.accelerator if isinstance(known, Instance) else known
    if answers.accelerator == "cpu" or not isinstance(device, Accelerator):
        return None
    return "fp16" if lacks(device, "bfloat16") else "bf16"


def _switches(answers: Answers, way: _Way, release: Release) -> Iterator[str]:
    if precision := _precision(answers):
        yield precision
    if way.recomputes and way.data != "fsdp":  # which has its own switch
        yield release.spelling("gradient_checkpointing") or ""


def _model(answers: Answers, way: _Way) -> Iterator[str]:
    model: dict[str, object] = {"config": answers.model or "llama-3.1-8b", "sequence_length": _length(answers)}
    if answers.model and _precision(answers) == "fp16":
        model["dtype"] = "float32"  # gradients of 16-bit weights cannot be scaled
    elif answers.model and way.method != "full":
        model["dtype"] = "bfloat16"  # of the weights below the adapters
    tuning = {"method": way.method if answers.model else "lora"}
    for line in (f"model: {written(model)}", f"tuning: {written(tuning)}  # full, lora or qlora"):
        yield line if answers.model else f"# {line}"


def _length(answers: Answers) -> int:
    model = knowledge.find_model(answers.model, "") if answers.model else None
    longest = model.config.get("max_position_embeddings") if isinstance(model, Model) else None
    return min(longest, _TOKENS) if isinstance(longest, int) else _TOKENS


def _launch(answers: Answers, release: Release) -> Iterator[str]:
    module = release.script
    if answers.script:
        yield f"launch: {{script: {written(answers.script)}}}"
        yield "# arguments: {model_name_or_path: owner/name, dataset_name: owner/name}"
    elif module and (weights := _weights(answers)):
        yield f"launch: {{module: {module}}}"
        yield f"arguments: {{model_name_or_path: {written(weights)}}}  # and dataset_name"
    else:
        yield f"# launch: {{{f'module: {module}' if module else 'script: train.py'}}}"
        yield "# arguments: {model_name_or_path: owner/name, dataset_name: owner/name}"


def _weights(answers: Answers) -> str | None:
    """The id under which the Hub has the weights of the model."""
    model = knowledge.find_model(answers.model, "") if answers.model else None
    if isinstance(model, Model) and model.hub_ids:
        return answers.model if answers.model in model.hub_ids else model.hub_ids[0]
    return answers.model if answers.model and knowledge.is_hub_id(answers.model, "") else None

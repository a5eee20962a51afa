"""What is emitted is read by the programs that it is meant for."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import plans

from configlint import knowledge
from configlint.backends import emit
from configlint.backends.training_args import arguments
from configlint.core.release import written
from configlint.core.wording import code
from configlint.host.write import write
from configlint.pipeline import compile_spec, made
from configlint.session import Session, load_one
from configlint.verify import Made, Verdict, lines, verify
from configlint.verify.places import refusal
from configlint.verify.questions import training_args

ROOT = Path(__file__).parent.parent

CPU = "batch: {effective: 16}\nhardware: {accelerator: cpu, devices_per_node: 2}\n"
GPU = "batch: {effective: 16}\nhardware: {accelerator: h100-80gb, devices_per_node: 8}\n"


# Every mesh that is compiled, by what makes it.
KINDS = {
    "ddp": "data: ddp",
    "fsdp": "data: fsdp",
    "hsdp": "data: fsdp, shard: 4",
    "context": "data: fsdp, context: 2",
    "hsdp and context": "data: fsdp, shard: 2, context: 2",
    "zero0": "data: zero0",
    "zero1": "data: zero1",
    "zero2": "data: zero2",
    "zero3": "data: zero3",
    "zero and offload": "data: zero3, deepspeed: {zero_optimization: "
    "{offload_optimizer: {device: cpu}, reduce_bucket_size: auto}}",
    "zero and tensor": "data: zero2, tensor: 2",
    "zero and sequence": "data: zero3, sequence: 2",
    "fsdp and tensor": "data: fsdp, tensor: 2",
    "ddp and tensor": "data: ddp, tensor: 2",
}


def emitted(*specs: str) -> list[Made]:
    chosen = [plan for spec in specs for plan in plans(spec)]
    return [made(plan, emit(plan)) for plan in chosen]


def verdicts(*specs: str) -> list[Verdict]:
    """Those on training_args.json."""
    found = verify(emitted(*specs))
    return [verdict for group in found for verdict in group if verdict.what == "training_args.json"]


def mesh_of(kind: str, launcher: str, nodes: int) -> Made:
    hardware = f"hardware: {{accelerator: h100-80gb, devices_per_node: 8, nodes: {nodes}}}\n"
    (found,) = emitted(
        "batch: {per_device: 2, accumulation: 4}\nmodel: {config: llama-3.1-8b, attention: sdpa}\n"
        f"{hardware}parallel: {{{KINDS[kind]}}}\nlaunch: {{script: train.py, launcher: {launcher}}}\n"
    )
    return found


def instead(made: Made, name: str, old: str, new: str) -> Made:
    """With another text in a file."""
    assert old in made.texts[name]
    return made._replace(texts={**made.texts, name: made.texts[name].replace(old, new)})


def said_instead(made: Made, old: str, new: str) -> Made:
    """With another word in the launcher's command on the last node."""

    def commands(folder: str) -> list[list[str]]:
        *others, last = made.commands(folder)
        assert old in last
        return [*others, [new if word == old else word for word in last]]

    return made._replace(commands=commands)


def refusals(*tampered: Made) -> list[tuple[str, str]]:
    """The rule and the message of the one refusal of each."""
    groups = [[found for verdict in group for found in verdict.diagnostics] for group in verify(tampered)]
    assert [len(group) for group in groups] == [1 for _ in tampered]
    return [(found.rule, found.message) for (found,) in groups]


@pytest.mark.heavy
def test_every_example_is_read_by_the_programs_it_is_for_on_a_machine_without_gpu() -> None:
    """TRL's is not installed for this; test_trl.py has its trainers."""
    paths = sorted((ROOT / "examples").glob("*.yaml"))
    chosen = [plan for path in paths for plan in load_one(str(path), Session()).plans]
    for plan, group in zip(chosen, verify([made(plan, emit(plan)) for plan in chosen]), strict=True):
        read = {verdict.what: verdict.by for verdict in group if verdict.by}
        assert [verdict.diagnostics for verdict in group] == [() for _ in group]
        assert ("launch.sh" in read) == bool(plan.launch.script or plan.launch.module)
        assert ("accelerate.yaml" in read) == (plan.launch.launcher == "accelerate")
        assert "training_args.json" in read or plan.release.trl
        unverified = [reason for verdict in group for reason in verdict.unverified]
        assert all(reason.startswith(("deepspeed (", "trl is not installed")) for reason in unverified)


@pytest.mark.heavy
def test_every_mesh_is_read_by_the_programs_it_is_for_with_the_numbers_of_the_plan() -> None:
    cases = [*itertools.product(KINDS, ("torchrun", "accelerate"), (1, 4))]
    for case, group in zip(cases, verify([mesh_of(*case) for case in cases]), strict=True):
        kind, launcher, _ = case
        package = "torch" if launcher == "torchrun" else "accelerate"
        expected = {("launch.sh", "bash"), ("launch.sh", package), ("training_args.json", "transformers")}
        if launcher == "accelerate":
            expected.add(("accelerate.yaml", "accelerate"))
        if "zero" in kind and find_spec("deepspeed"):
            expected.add(("deepspeed", "deepspeed"))
        elif "tensor" in kind and "zero" not in kind:
            expected.add(("distributed_config.json", "transformers"))
        assert {(verdict.what, (verdict.by or "nothing").split()[0]) for verdict in group} == expected, case
        assert not [verdict for verdict in group if verdict.diagnostics], case


@pytest.mark.heavy
def test_a_number_that_is_not_the_plans_is_caught() -> None:
    torchrun, accelerate = mesh_of("ddp", "torchrun", 4), mesh_of("ddp", "accelerate", 4)
    hsdp, tensor = mesh_of("hsdp", "accelerate", 1), mesh_of("fsdp and tensor", "torchrun", 1)
    yaml, mesh = "accelerate.yaml", "distributed_config.json"
    found = refusals(
        said_instead(torchrun, "8", "4"),
        said_instead(torchrun, "3", "0"),
        said_instead(torchrun, "train.py", "eval.py"),
        said_instead(torchrun, "--nnodes", "--nodes"),
        instead(accelerate, yaml, "num_processes: 32", "num_processes: 16"),
        instead(accelerate, yaml, "num_machines: 4", "num_machines: 2"),
        instead(accelerate, yaml, "MULTI_GPU", "MULTI_CPU"),
        instead(accelerate, yaml, "num_machines", "number_of_machines"),
        said_instead(accelerate, "--machine_rank", "--node_rank"),
        instead(hsdp, yaml, "dp_shard_size: 4", "dp_shard_size: 8"),
        instead(hsdp, yaml, "parallelism_config_dp_shard_size", "dp_shard_size"),
        instead(tensor, mesh, '"fsdp_size": 4', '"fsdp_size": 8'),
        instead(tensor, mesh, '"tp_size": 2', '"tp_size": 0'),
    )
    assert [rule.removeprefix("verify/") for rule, _ in found] == [
        *["torch"] * 4, *["accelerate"] * 7, *["transformers"] * 2,
    ]  # fmt: skip
    parts = [
        "reads the processes of a node as 4, but 8 is planned",
        "reads the node's rank as 0, but 3 is planned",
        "reads the script as eval.py, but train.py is planned",
        "rejects this: unrecognized arguments",
        "reads the processes of a node as 4, but 8 is planned",
        "reads the number of nodes as 2, but 4 is planned",
        "starts one process without a rank",
        "number_of_machines",
        "--node_rank",
        "'PARALLELISM_CONFIG_DP_SHARD_SIZE': '8'",
        "'PARALLELISM_CONFIG_DP_SHARD_SIZE': '1'",
        "reads a mesh of 16 processes, but 8 are planned",
        "Parallelism sizes must be >= 1, got 0",
    ]
    for (_, message), part in zip(found, parts, strict=True):
        assert part in message


@pytest.mark.heavy
@pytest.mark.skipif(find_spec("deepspeed") is None, reason="deepspeed is not installed")
def test_deepspeed_refuses_what_it_refuses_at_the_line_of_the_key() -> None:
    """What a rule says too is asked of it here without the rules."""
    start = GPU + "parallel:\n  data: zero3\n  deepspeed:\n"
    misspelt, rate, value, steps, fine = verify(
        emitted(
            start + "    zero_optimization:\n      overlap_comm: true\n      stage3_max_live_params: 5\n",
            start + "    optimizer: {type: AdamW, params: {eps: auto,\n      lr: 1e-4}}\n",
            start + "    aio: 1\n    zero_optimization: {contiguous_gradients: sometimes}\n",
            start + "    scheduler: {type: WarmupLR, params: {warmup_num_steps: 10}}\n",
            start + "    optimizer: {type: AdamW, params: {lr: auto}}\n",
        )
    )
    for group, line, part in (
        (misspelt, 8, "stage3_max_live_params Extra inputs are not permitted"),
        (rate, 7, "ds optimizer.params.lr=0.0001 vs hf learning_rate=5e-05"),
        (value, 7, "contiguous_gradients"),
    ):
        (found,) = (each for verdict in group for each in verdict.diagnostics)
        assert (found.rule, found.span.line) == ("verify/deepspeed", line)
        assert part in found.message
    assert [verdict.unverified for verdict in steps if verdict.what == "deepspeed"] == [
        ("deepspeed's scheduler (the number of steps is unknown)",)
    ]
    (verdict,) = (verdict for verdict in fine if verdict.what == "deepspeed")
    assert (verdict.by or "").startswith("deepspeed ")


@pytest.mark.heavy
@pytest.mark.skipif(find_spec("deepspeed") is None, reason="deepspeed is not installed")
def test_what_the_real_class_refuses_of_deepspeeds_object_is_said_there() -> None:
    (verdict,) = verdicts(
        GPU + "parallel:\n  data: zero2\n  deepspeed: {zero_optimization: {offload_optimizer: true}}\n"
        "training: {learning_rate: 1e-5}\n"
    )
    (found,) = verdict.diagnostics
    assert (found.rule, found.span.line, found.span.column) == ("verify/transformers", 5, 3)


@pytest.mark.heavy
@pytest.mark.skipif(find_spec("deepspeed") is None, reason="deepspeed is not installed")
def test_what_deepspeed_reads_must_be_what_is_planned() -> None:
    zero = mesh_of("zero3", "torchrun", 1)
    batch = '"train_micro_batch_size_per_gpu": '
    found = refusals(
        instead(zero, "training_args.json", '"stage": 3', '"stage": 2'),
        instead(zero, "training_args.json", batch + '"auto"', batch + "1"),
    )
    assert [rule for rule, _ in found] == ["verify/deepspeed"] * 2
    assert "reads zero_optimization_stage as 2, but 3 is planned" in found[0][1]
    assert "ds train_micro_batch_size_per_gpu=1 vs hf per_device_train_batch_size=2" in found[1][1]


def test_bash_refuses_a_setup_that_it_cannot_read_at_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("configlint.verify.installed.find_spec", lambda name: None)
    wrong, fine = verify(
        emitted(
            CPU + "launch:\n  script: train.py\n  setup: 'echo \"to be'\n",
            CPU + "launch:\n  script: train.py\n  setup: 'echo to be'\n",
        )
    )
    (found,) = wrong[0].diagnostics
    assert (found.rule, found.span.line, found.path) == ("verify/bash", 5, "launch.setup")
    assert "bash rejects this: unexpected EOF" in found.message
    assert fine[0] == Verdict("launch.sh", "bash")


def test_without_bash_its_file_is_not_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("configlint.verify.installed.find_spec", lambda name: None)
    monkeypatch.setattr("configlint.verify.shell.shutil.which", lambda name: None)
    ((verdict, *_),) = verify(emitted(CPU + "launch: {script: train.py}\n"))
    assert verdict == Verdict("launch.sh", None, ("launch.sh (bash is not installed)",))


def test_of_several_plans_each_reader_is_named_once() -> None:
    node, cluster, other = plans(CPU)[0], plans(GPU)[0], plans(GPU)[0]
    shell = [Verdict("launch.sh", "bash"), Verdict("launch.sh", "torch 2.13.0")]
    json_ = Verdict("training_args.json", "transformers 5.23.0")
    file = Verdict("accelerate.yaml", "accelerate 1.15.0", ("beta (it is not known)",))
    unread = Verdict("launch.sh", None, ("beta (it is not known)",))
    assert lines([node, cluster, other], [[*shell, json_], [*shell, json_], [shell[0], unread, file]]) == [
        "accepted by transformers 5.23.0 for cpu and h100-80gb",
        "parsed by bash and torch 2.13.0: launch.sh",
        "parsed by bash: launch.sh",
        "parsed by accelerate 1.15.0: accelerate.yaml",
        "not verified: beta (it is not known)",
    ]


def test_files_for_a_release_that_nobody_stated_are_read_by_whichever_is_installed() -> None:
    open_, stated = plans(GPU)[0], plans(GPU + 'transformers: "4.57"\n')[0]
    assert training_args(open_, {})["transformers"] is None
    assert training_args(stated, {})["transformers"] == "4.57"


@pytest.mark.parametrize(
    ("stated", "installed", "help_"),
    [
        (
            None,
            "4.46.3",
            'it is compiled for transformers {}, the newest known release: write `transformers: "4.46"`',
        ),
        (None, "99.1.0.dev0", "it is compiled for transformers {}, the newest known release: update configlint"),
        (None, "{}.7", None),
        ("4.46", "4.46.3", None),
    ],
)
def test_what_an_installed_release_rejects_names_the_one_that_it_is_compiled_for(
    stated: str | None, installed: str, help_: str | None
) -> None:
    newest = written(knowledge.releases("transformers")[-1])
    (plan,) = plans(GPU + (f'transformers: "{stated}"\n' if stated else ""))
    found = refusal(plan, "training_args.json", f"transformers {installed.format(newest)}", "rejects this: no")
    assert found.message == f"transformers {installed.format(newest)} rejects this: no"
    assert found.help == (help_ and help_.format(newest))


def test_what_an_installed_trl_rejects_names_the_release_that_it_is_compiled_for() -> None:
    newest = written(knowledge.releases("trl")[-1])
    (plan,), (stated,) = plans(SFT), plans(f'trl: "0.24"\n{SFT}')
    assert refusal(plan, "training_args.json", "trl 0.24.0", "ignores x").help == (
        f'it is compiled for trl {newest}, the newest known release: write `trl: "0.24"`'
    )
    assert refusal(stated, "training_args.json", "trl 0.24.0", "ignores x").help is None


@pytest.mark.heavy
def test_the_real_class_refuses_what_it_refuses_at_the_line_of_the_argument() -> None:
    unknown, choice, fine = verdicts(
        GPU + "training:\n  learning_rate: 2e-5\n  per_device_train_batchsize: 4\n",
        GPU + "training:\n  optim: adamw_hf\n",
        GPU + "training: {bf16: true, tf32: true}\n",
    )
    (found,) = unknown.diagnostics
    assert (found.rule, found.span.line, found.span.column) == ("verify/transformers", 5, 3)
    assert "per_device_train_batchsize" in found.message
    assert choice.diagnostics[0].span.source.name == "train.yaml"
    assert "adamw_hf" in choice.diagnostics[0].message
    assert fine.diagnostics == ()


SFT = GPU + (
    "trainer: SFTTrainer\ntuning: {method: lora, rank: 16}\nmodel: {sequence_length: 512}\n"
    "training: {max_steps: 10}\narguments: {model_name_or_path: x/y, dataset_name: x/z}\n"
    "launch: {module: trl.scripts.sft}\n"
)


@pytest.mark.heavy
def test_the_parser_of_trls_own_script_reads_the_json_too() -> None:
    """What a rule says too is asked of it here without the rules."""
    written = [SFT, *(SFT.replace("x/z", f"x/z, {more}") for more in ("lora_rank: 8", "lora_alpha: many"))]
    fine, unknown, wrong = (
        [verdict for verdict in group if verdict.what == "training_args.json"]
        for group in verify(emitted(*written))
    )
    assert [(verdict.by or "").partition(" ")[0] for verdict in fine] == ["transformers", "trl"]
    assert [verdict.diagnostics for verdict in fine] == [(), ()]
    # The config class alone is not asked about these.
    assert [verdict.diagnostics for verdict in (unknown[0], wrong[0])] == [(), ()]
    (ignored,), (rejected,) = unknown[1].diagnostics, wrong[1].diagnostics
    assert (ignored.rule, ignored.path) == ("verify/trl", "arguments.lora_rank")
    assert "ignores lora_rank: the parser of trl.scripts.sft has no such argument" in ignored.message
    assert "rejects this" in rejected.message


@pytest.mark.heavy
def test_the_verdict_is_that_of_the_accelerator_not_of_this_machine() -> None:
    old, new = verdicts(
        GPU.replace("h100-80gb", "v100-32gb") + "training: {tf32: true}\n", GPU + "training: {tf32: true}\n"
    )
    assert "Ampere" in old.diagnostics[0].message
    assert new.diagnostics == ()


@pytest.mark.heavy
def test_the_class_is_told_of_all_processes_that_there_will_be() -> None:
    """With one, it would refuse generations that are shared out over eight."""
    shared, odd = verdicts(
        "trainer: GRPOTrainer\n" + GPU.replace("16", "8") + "training: {num_generations: 8}\n",
        "trainer: GRPOTrainer\n" + GPU.replace("16", "8") + "training: {num_generations: 3}\n",
    )
    assert shared.diagnostics == ()
    assert "generation_batch_size (8)" in odd.diagnostics[0].message


@pytest.mark.heavy
def test_stale_launcher_variables_neither_hang_nor_change_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    stale = {"RANK": "3", "WORLD_SIZE": "8", "LOCAL_RANK": "3", "MASTER_ADDR": "10.255.255.1", "MASTER_PORT": "1"}
    for name, value in {**stale, "ACCELERATE_MIXED_PRECISION": "fp8", "SLURM_NTASKS": "8"}.items():
        monkeypatch.setenv(name, value)
    (verdict,) = verdicts(CPU + "training: {learning_rate: 2.0e-5}\n")
    assert verdict.by
    assert verdict.diagnostics == ()


@pytest.mark.heavy
def test_another_release_is_not_verified_and_never_a_finding() -> None:
    (verdict,) = verdicts('transformers: "4.46"\n' + GPU + "training: {no_such_field: 1}\n")
    assert verdict.by is None
    assert verdict.diagnostics == ()
    assert "but the spec is for 4.46" in verdict.unverified[0]


@pytest.mark.heavy
def test_the_trainer_of_a_package_that_is_not_installed_is_not_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that the process that is asked finds none.
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['trl'] = None\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (verdict,) = verdicts("trainer: SFTTrainer\n" + GPU + "training: {max_length: 1024}\n")
    assert verdict == Verdict("training_args.json", None, ("trl is not installed, but SFTTrainer requires it",))


@pytest.mark.heavy
def test_of_a_class_of_the_users_own_the_known_fields_are_verified() -> None:
    fine, wrong = verdicts(
        "trainer: MyTrainer\n" + GPU + "training: {beta: 0.1, learning_rate: 2.0e-5}\n",
        "trainer: MyTrainer\n" + GPU + "training: {beta: 0.1, optim: adamw_hf}\n",
    )
    assert fine.diagnostics == ()
    assert fine.unverified == ("beta (the config class of MyTrainer is unknown)",)
    assert wrong.diagnostics[0].path == "training.optim"


def test_without_packages_nothing_is_verified_but_what_bash_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("configlint.verify.installed.find_spec", lambda name: None)
    mesh = GPU + "parallel: {data: fsdp, tensor: 2}\nlaunch: {script: train.py, launcher: accelerate}\n"
    found = verify(emitted(CPU, mesh, CPU + "launch: {module: trl.scripts.sft}\n"))
    assert [[verdict.by for verdict in group if verdict.by] for group in found] == [[], ["bash"], ["bash"]]
    assert [[reason for verdict in group for reason in verdict.unverified] for group in found] == [
        ["transformers is not installed"],
        [
            "transformers is not installed",
            "distributed_config.json (transformers is not installed)",
            "the launcher's command in launch.sh and accelerate.yaml (accelerate is not installed)",
        ],
        ["transformers is not installed", "the launcher's command in launch.sh (torch is not installed)"],
    ]


@pytest.mark.heavy
def test_what_does_not_answer_in_time_is_not_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("configlint.verify.installed.TIMEOUT_SECONDS", 0.01)
    (verdict,) = verdicts(CPU)
    assert verdict.unverified == ("transformers gave no answer in 0.01 s",)


@pytest.mark.heavy
def test_the_real_trainer_counts_the_steps_that_the_plan_counts(tmp_path: Path) -> None:
    import torch
    from transformers import Trainer, TrainingArguments

    grid = itertools.product((7, 96, 100), (1, 8), (1, 3, 8), (1, 1.5, 3), (False, True), (0, 0.1, 5))
    for examples, per_device, accumulation, epochs, drop, warmup in grid:
        if drop and examples < per_device:
            continue  # batch/dataset-too-small: the Trainer fails
        training = f"num_train_epochs: {epochs}, warmup_steps: {warmup}, dataloader_drop_last: {code(drop)}"
        (plan,) = plans(
            f"batch: {{per_device: {per_device}, accumulation: {accumulation}}}\n"
            "hardware: {accelerator: cpu, devices_per_node: 1}\n"
            f"data: {{train_examples: {examples}}}\n"
            f"training: {{{training}}}\n"
        )
        given = TrainingArguments(output_dir=str(tmp_path), **arguments(plan))
        trainer = Trainer(model=torch.nn.Linear(1, 1), args=given, train_dataset=[{"x": 0}] * examples)
        values = trainer.set_initial_training_values(given, trainer.get_train_dataloader())
        total = values[-1]
        schedule = plan.schedule
        assert schedule.total_steps == total, (examples, per_device, accumulation, epochs, drop)
        assert (schedule.warmup_steps or 0) == given.get_warmup_steps(total)
        assert plan.batch.trained == trainer.get_total_train_batch_size(given)


@pytest.mark.heavy
@pytest.mark.parametrize("launcher", ["torchrun", "accelerate"])
def test_even_a_single_process_gets_a_rank(launcher: str, tmp_path: Path) -> None:
    """Without one the Trainer takes all devices of the host, and multiplies the batch by them."""
    (tmp_path / "ranks.py").write_text("import os\nprint('ranks', os.environ['RANK'], os.environ['WORLD_SIZE'])\n")
    (tmp_path / "train.yaml").write_text(
        CPU.replace("devices_per_node: 2", "devices_per_node: 1")
        + f"launch: {{script: ranks.py, launcher: {launcher}}}\n"
    )
    write(compile_spec(str(tmp_path / "train.yaml"), Session(), None, str(tmp_path / "build")).folders)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        ["bash", str(tmp_path / "build" / "launch.sh")],
        env={**os.environ, "PATH": path, "PET_NNODES": "2"},  # an operator may leave it there
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "ranks 0 1\n" in run.stdout, run.stderr[-2000:]


def started(path: Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a launch file with launchers that only print their arguments and where they are."""
    for name in ("torchrun", "accelerate"):
        fake = folder / name
        fake.write_text('#!/usr/bin/env bash\npwd -P\nprintf "%s\\n" "$@"\n')
        fake.chmod(0o755)
    return subprocess.run(
        ["bash", str(path)],
        cwd="/",
        env={**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("launcher", ["torchrun", "accelerate"])
def test_the_words_that_are_verified_are_those_that_the_shell_makes(launcher: str, tmp_path: Path) -> None:
    spec = tmp_path / "my specs" / "train.yaml"
    spec.parent.mkdir()
    spec.write_text(
        GPU.replace("devices_per_node: 8", "devices_per_node: 8, nodes: 4").replace("16", "64")
        + f"launch: {{script: '-my $NODE_RANK.py', config_flag: --config, launcher: {launcher}}}"
        "  # configlint: ignore[launch/unexpanded-variable]\n"
    )
    compiled = compile_spec(str(spec), Session(), None, str(tmp_path))
    write(compiled.folders)
    assert "NODE_RANK" in started(tmp_path / "launch.sh", tmp_path).stderr
    run = started(tmp_path / "launch.sh", tmp_path, NODE_RANK="2", MASTER_ADDR="127.0.0.1")
    where, *words = run.stdout.splitlines()
    assert Path(where) == spec.parent.resolve()
    (found,) = (made(plan, files) for plan, files in zip(compiled.plans, compiled.folders.values(), strict=True))
    assert words == found.commands(str(tmp_path.resolve()))[2][1:]
    assert Path(words[-1]).is_file()

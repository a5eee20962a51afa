"""`# configlint: ignore[rule] reason`: what it covers, and what is said of it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from program import ENVIRONMENT, found, run, write
from test_rules import example

from configlint import rules
from configlint.core.ignoring import ignores
from configlint.core.rule import Rule
from configlint.core.source import Source
from configlint.syntax import read

HARDWARE = "hardware: {accelerator: cpu, devices_per_node: 8}\n"
# Beside an optimizer of which two rules say something.
ONE, OTHER = "argument/distributed-layerwise", "argument/missing-target-modules"
BATCH = f"batch: {{effective: 8}}\n{HARDWARE}"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def check(text: str, *arguments: str) -> list[str]:
    """What is found in a spec: `line:column rule`."""
    write("a.yaml", text)
    return [place.removeprefix("a.yaml:") for place in found(run("check", "a.yaml", *arguments))]


def comments(text: str) -> list[tuple[int, int]]:
    """The first and last line of what each ignore comment covers."""
    document, _ = read(Source("a.yaml", text))
    assert document is not None
    return [(ignore.first_line, ignore.last_line) for ignore in ignores(document)]


def test_without_ignores_everything_is_reported_and_no_comment_is_unused() -> None:
    unused = "training: {seed: 1}  # configlint: ignore[argument/removed]\n"
    text = BATCH.replace("8}", "60}  # configlint: ignore[batch/indivisible]", 1) + unused
    assert check(text) == ["3:22 ignore/unused"]
    assert check(text, "--no-ignores") == ["1:20 batch/indivisible"]


class TestWhereAComment:
    def test_at_the_end_of_a_line_holds_for_that_line(self) -> None:
        assert check(
            f"""
            batch: {{effective: 8}}
            training:
              optim: apollo_adamw_layerwise   # configlint: ignore[{ONE}]
            {HARDWARE}"""
        ) == [f"3:10 {OTHER}"]

    def test_alone_above_a_key_holds_for_the_whole_subtree(self) -> None:
        text = """
            batch: {effective: 8}
            # configlint: ignore[argument/distributed-layerwise]
            # configlint: ignore[argument/missing-target-modules]

            training:
              accelerator_config:
                even_batches: true

              optim: apollo_adamw_layerwise
            """
        assert check(text + HARDWARE) == []

    def test_alone_above_a_key_does_not_hold_for_the_next_key(self) -> None:
        text = """
            training:
              # configlint: ignore[batch/derived-argument]
              per_device_train_batch_size: 4
              gradient_accumulation_steps: 2
            batch: {effective: 64}
            """
        assert check(text + HARDWARE) == ["4:3 batch/derived-argument"]

    def test_in_a_flow_mapping_holds_for_its_line(self) -> None:
        optim = f"optim: apollo_adamw_layerwise,  # configlint: ignore[{ONE}]"
        assert check(f"training: {{  # the paper's\n  {optim}\n}}\n{BATCH}") == [f"2:10 {OTHER}"]

    def test_on_the_line_of_a_section_does_not_hold_below(self) -> None:
        text = "training:   # configlint: ignore[argument/distributed-layerwise]\n  optim: apollo_adamw_layerwise\n"
        assert check(text + BATCH) == [
            "1:13 ignore/unused", "2:10 argument/distributed-layerwise", "2:10 argument/missing-target-modules",
        ]  # fmt: skip

    def test_in_a_text_of_json_is_none(self) -> None:
        text = '{"batch": {"effective": 64}, "training": {"run_name": "# configlint: ignore[batch/mismatch]"}}\n'
        write("a.json", text)
        assert found(run("check", "a.json")) == ["a.json:1:2 hardware/missing"]

    @pytest.mark.parametrize(
        ("text", "covered"),
        [
            ("# {}\na: 1\nb: 2\n", [(1, 2)]),
            ("# {}\na:\n  b: 1\n  c:\n  - 2\n  - 3\n\nd: 4\n", [(1, 6)]),
            ("# {}\na:\n  b: |\n    x\n    y\nc: 1\n", [(1, 5)]),
            ("# {}\na: >-\n  x\n  y\nc: 1\n", [(1, 4)]),
            ("# {}\na: {b: 1,\n  c: 2}\nd: 3\n", [(1, 3)]),
            ("# {}\na: b\n  c\nd: 3\n", [(1, 3)]),
            ("a:\n  # {}\n  b:\n    c: 1\n  d: 1\n", [(2, 4)]),
            ("a: 1   # {}\nb: 2\n", [(1, 1)]),
            ("a:\n  - 1   # {}\n  - 2\n", [(2, 2)]),
            ("a: 1\n# {}\n", [(2, 2)]),
            ("a: [1, # {}\n  2]  # {}\n", [(1, 1), (2, 2)]),
        ],
    )
    def test_covers(self, text: str, covered: list[tuple[int, int]]) -> None:
        assert comments(text.replace("{}", "configlint: ignore[batch/mismatch]")) == covered


class TestTheComment:
    @pytest.mark.parametrize(
        "comment",
        [
            "# configlint: ignore[argument/distributed-layerwise, argument/missing-target-modules]",
            "# configlint: ignore[argument/distributed-layerwise,argument/missing-target-modules] the paper's own",
            f"#configlint:ignore[ {OTHER} , {ONE} ]: as [agreed] # with all",
            "#   configlint:   ignore[argument/distributed-layerwise,argument/missing-target-modules,]",
        ],
    )
    def test_names_one_rule_or_several_and_may_give_a_reason(self, comment: str) -> None:
        assert check(f"training: {{optim: apollo_adamw_layerwise}} {comment}\n{BATCH}") == []

    @pytest.mark.parametrize(
        "text",
        [
            'a: "x # configlint: ignore[batch/mismatch]"\n',
            "a: 'x # configlint: ignore[batch/mismatch]'\n",
            'a: "x\n  # configlint: ignore[batch/mismatch]\n  y"\n',
            "a: |\n  # configlint: ignore[batch/mismatch]\n  x\nb: 1\n",
            "a: >-\n  x\n\n  # configlint: ignore[batch/mismatch]\nb: 1\n",
            "a:\n- |\n  # configlint: ignore[batch/mismatch]\n",
            "a: x#configlint:ignore[batch/mismatch]\n",
            '"a # configlint: ignore[batch/mismatch]": 1\n',
        ],
    )
    def test_in_a_text_is_none(self, text: str) -> None:
        assert comments(text) == []

    @pytest.mark.parametrize(
        "text",
        [
            "a: |  # configlint: ignore[batch/mismatch]\n  x\n",
            "a: >-  # configlint: ignore[batch/mismatch]\n  x\nb: 1\n",
            "a: |\n  x\n# configlint: ignore[batch/mismatch]\nb: 1\n",
            "a: |\n  x\n\n# configlint: ignore[batch/mismatch]\nb: 1\n",
            "a: 'x'  # configlint: ignore[batch/mismatch]\n",
            'a: "x"  # configlint: ignore[batch/mismatch]\n',
            'a: "it\'s # 1"  # configlint: ignore[batch/mismatch]\n',
            "a: x  # configlint: ignore[batch/mismatch]\n  \n",
            "'a': x  # configlint: ignore[batch/mismatch]\n",
            "a:  # configlint: ignore[batch/mismatch]\n",
        ],
    )
    def test_beside_a_text_is_one(self, text: str) -> None:
        assert len(comments(text)) == 1

    @pytest.mark.parametrize(
        "comment", ["# configlint: ignored[batch/mismatch]", "# ignore[batch/mismatch]", "# configlint is fine"]
    )
    def test_of_other_words_is_none(self, comment: str) -> None:
        assert check(f"batch: {{effective: 64}}  {comment}\n{HARDWARE}") == []


def test_fix_removes_unused_comments_and_nothing_else() -> None:
    comment = "# configlint: ignore[argument/removed]"
    lines = [
        "batch: {effective: 60}  # configlint: ignore[batch/indivisible]\n",
        f"  {comment} with a reason\n",
        HARDWARE,
        f"training:\n  seed: 1 {comment}\n",
        f"  bf16: true  {comment}  # another comment\n",
        "  fp16: false  # configlint: ignore[argument/removed, argument/unknown]\n",
        "  evaluation_strategy: epoch\n",
        f"  {comment}",
    ]
    write("a.yaml", "".join(lines))
    run("check", "--fix", "a.yaml", "--set", "training.tf32=false")
    assert comment in Path("a.yaml").read_text()
    Path("a.yaml").write_text("".join(lines))
    run("check", "--fix", "a.yaml")
    kept = [lines[0], HARDWARE, "training:\n  seed: 1\n", *lines[4:6], "  eval_strategy: epoch\n"]
    assert Path("a.yaml").read_text() == "".join(kept)


class TestWhatIsSaidOfAComment:
    def test_unused_is_a_warning_at_the_comment(self) -> None:
        write("a.yaml", f"batch: {{effective: 64}}  # configlint: ignore[batch/indivisible] once\n{HARDWARE}")
        result = run("check", "a.yaml")
        assert result.code == 1
        assert result.out == (
            "a.yaml:1:25: warning[ignore/unused] `batch/indivisible` finds nothing here\n"
            "   1 | batch: {effective: 64}  # configlint: ignore[batch/indivisible] once\n"
            f"     |                         {'^' * 39} remove the comment (--fix does it)\n"
            "1 warning in 1 spec; 1 fixable\n"
        )
        assert run("check", "a.yaml", "--fail-on", "error").code == 0

    def test_of_several_rules_only_the_unused_is_named(self) -> None:
        comment = "# configlint: ignore[argument/distributed-layerwise, batch/mismatch]"
        text = f"training: {{optim: apollo_adamw_layerwise}}  {comment}\n{BATCH}"
        assert check(text) == ["1:19 argument/missing-target-modules", "1:44 ignore/unused"]
        assert "`batch/mismatch` finds nothing here" in run("check", "a.yaml").out

    def test_one_that_finds_something_in_one_of_the_targets_is_used(self) -> None:
        text = """
            batch:
              effective: 64   # configlint: ignore[batch/indivisible]
            hardware: {accelerator: cpu, devices_per_node: 8}
            targets: {a: {hardware: {nodes: 2}}, b: {hardware: {nodes: 3}}}
            """
        assert check(text) == []

    @pytest.mark.parametrize("target", ["a", "b"])
    def test_with_a_single_target_none_is_called_unused(self, target: str) -> None:
        text = """
            batch:
              effective: 64   # configlint: ignore[batch/indivisible]
              # configlint: ignore[batch/mismatch]
            hardware: {accelerator: cpu, devices_per_node: 8}
            targets: {a: {hardware: {nodes: 2}}, b: {hardware: {nodes: 3}}}
            """
        assert check(text, "--target", target) == []

    def test_an_unknown_rule_is_said_with_the_nearest(self) -> None:
        assert check(f"batch: {{effective: 64}}  # configlint: ignore[batch/indivisable]\n{HARDWARE}") == [
            "1:25 ignore/unknown-rule"
        ]
        out = run("check", "a.yaml").out
        assert "the rule `batch/indivisable` is unknown\n" in out
        assert "^ did you mean `batch/indivisible`?\n" in out

    @pytest.mark.parametrize("name", ["batch", "batch/*", "xyz"])
    def test_a_name_that_is_near_none_is_unknown_too(self, name: str) -> None:
        assert check(f"batch: {{effective: 64}}  # configlint: ignore[{name}]\n{HARDWARE}") == [
            "1:25 ignore/unknown-rule"
        ]

    @pytest.mark.parametrize(
        "comment", ["ignore", "ignore[]", "ignore[ , ]", "ignore batch/indivisible", "ignore["]
    )
    def test_one_without_a_name_ignores_nothing(self, comment: str) -> None:
        text = f"batch: {{effective: 64}}  # configlint: {comment}\n{HARDWARE.replace(': 8', ': 7')}"
        assert check(text) == ["1:20 batch/indivisible", "1:25 ignore/nameless"]
        assert "write `# configlint: ignore[batch/not-power-of-two] reason`" in run("check", "a.yaml").out

    def test_what_is_said_of_a_comment_can_be_ignored_itself(self) -> None:
        comment = "# configlint: ignore[batch/indivisible, ignore/unused] for one machine"
        assert check(f"batch: {{effective: 64}}  {comment}\n{HARDWARE}") == []

    @pytest.mark.parametrize("name", ["schema/unknown-key", "syntax/duplicate-key", "verify/transformers"])
    def test_form_cannot_be_ignored(self, name: str) -> None:
        text = f"# configlint: ignore[{name}]\nbatch: {{effective: 64, effective: 64, x: 1}}\n{HARDWARE}"
        assert check(text) == [
            "1:1 ignore/not-ignorable", "2:39 schema/unknown-key", "2:24 syntax/duplicate-key",
        ]  # fmt: skip
        assert f"`{name}` cannot be ignored" in run("check", "a.yaml").out

    def test_every_rule_can_be_ignored_by_its_name(self) -> None:
        for name in rules.rule_names():
            assert check(f"batch: {{effective: 64}}  # configlint: ignore[{name}]\n{HARDWARE}") == [
                "1:25 ignore/unused"
            ]


# Two conflicts of trl/incompatible-arguments on one line, and one that stands alone.
TWO = """
trainer: DPOTrainer
batch: {effective: 64}
hardware: {accelerator: cpu, devices_per_node: 8}
tuning: {method: lora, rank: 16}
training: {sync_ref_model: true, loss_type: exo_pair}  # configlint: ignore[NAMES]
"""


class TestARowOfATable:
    def test_is_ignored_by_its_own_name_and_the_others_are_not(self) -> None:
        assert check(TWO.replace("NAMES", "trl/sync-with-adapter")) == ["5:45 trl/exo-pair-without-smoothing"]
        assert check(TWO.replace("NAMES", "trl/exo-pair-without-smoothing")) == ["5:28 trl/sync-with-adapter"]

    def test_that_finds_nothing_is_unused(self) -> None:
        names = "trl/sync-with-adapter, trl/exo-pair-without-smoothing, trl/weighting-with-aot"
        assert check(TWO.replace("NAMES", names)) == ["5:56 ignore/unused"]
        assert "`trl/weighting-with-aot` finds nothing here" in run("check", "a.yaml").out

    def test_is_suggested_for_a_name_that_is_near(self) -> None:
        assert check(TWO.replace("NAMES", "trl/sync-with-adapters"))[-1] == "5:56 ignore/unknown-rule"
        assert "did you mean `trl/sync-with-adapter`?" in run("check", "a.yaml").out

    def test_costs_no_module_of_a_rule_to_be_ignored(self) -> None:
        def loaded(comment: str) -> str:
            text = f"trainer: SFTTrainer\ntraining: {{packing: true, max_length: null}}  # {comment}\n"
            write("a.yaml", f"batch: {{effective: 64}}\n{HARDWARE}{text}")
            code = (
                "import sys\nfrom configlint.program import main\ntry: main()\n"
                "finally: print(*sorted(name for name in sys.modules if name.startswith('configlint.rules')))"
            )
            command = [sys.executable, "-c", code, "check", "a.yaml"]
            result = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
            return result.stdout.splitlines()[-1]

        name = "trl/packing-without-max-length"
        ignored, kept = loaded(f"configlint: ignore[{name}]"), loaded(f"configlint: ignored[{name}]")
        assert ignored == kept
        assert "configlint.rules.trl.incompatible_arguments" in kept


class TestAnOldName:
    def test_of_a_split_rule_ignores_all_of_its_rows_and_an_info_says_which(self) -> None:
        assert check(TWO.replace("NAMES", "trl/incompatible-arguments")) == ["5:56 ignore/renamed"]
        result = run("check", "a.yaml", "--advice")
        assert result.code == 0
        assert result.out == (
            "a.yaml:5:56: info[ignore/renamed] `trl/incompatible-arguments` was split; here it ignores"
            " `trl/exo-pair-without-smoothing` and `trl/sync-with-adapter`\n"
            "   5 | training: {sync_ref_model: true, loss_type: exo_pair}"
            "  # configlint: ignore[trl/incompatible-arguments]\n"
            f"     | {' ' * 55}{'^' * 48} write `trl/exo-pair-without-smoothing, trl/sync-with-adapter` instead\n"
            "1 info in 1 spec; 2 ignored\n"
        )

    def test_is_gone_when_the_new_names_are_written(self) -> None:
        names = "trl/exo-pair-without-smoothing, trl/sync-with-adapter"
        assert check(TWO.replace("NAMES", names)) == []

    def test_of_a_split_rule_that_finds_nothing_is_unused(self) -> None:
        assert check(f"batch: {{effective: 64}}  # configlint: ignore[argument/no-effect]\n{HARDWARE}") == [
            "1:25 ignore/unused"
        ]

    def test_of_a_renamed_rule_is_that_of_the_new(self) -> None:
        text = """
            batch: {effective: 64}
            hardware: {accelerator: h100-80gb, devices_per_node: 8}
            parallel: {data: fsdp, fsdp: {version: 1}}  # configlint: ignore[NAME]
            """
        assert check(text.replace("NAME", "fsdp/old-version")) == ["1:1 memory/not-known"]
        assert check(text.replace("NAME", "parallel/old-fsdp")) == ["1:1 memory/not-known", "3:45 ignore/renamed"]
        out = run("check", "a.yaml", "--advice").out
        assert "info[ignore/renamed] `parallel/old-fsdp` was renamed to `fsdp/old-version`" in out
        assert "write `fsdp/old-version` instead" in out

    @pytest.mark.parametrize("name", rules.RENAMED)
    def test_of_a_renamed_rule_that_finds_nothing_is_unused(self, name: str) -> None:
        assert check(f"batch: {{effective: 64}}  # configlint: ignore[{name}]\n{HARDWARE}") == [
            "1:25 ignore/unused"
        ]

    @pytest.mark.parametrize("rule", [rule for rule in rules.all_rules() if rule.rows], ids=lambda rule: rule.name)
    def test_of_every_split_rule_ignores_what_its_page_shows(self, rule: Rule) -> None:
        text = f"# configlint: ignore[{rule.name}]\n"
        bad = re.sub(r"^(?=\w)", text, example(rule, "Bad"), flags=re.MULTILINE)
        found = check(bad)
        assert not {*found} & {*rule.names}
        assert any(each.endswith("ignore/renamed") for each in found)

    def test_can_be_ignored_itself(self) -> None:
        assert check(TWO.replace("NAMES", "trl/incompatible-arguments, ignore/renamed")) == []


class TestAnotherDialect:
    IDLE = "output_dir: out\nsave_strategy: epoch\nsave_steps: 200"
    NAME = "argument/save-steps-without-steps-strategy"

    def test_has_comments_at_the_end_of_a_line(self) -> None:
        assert check(self.IDLE + "\n") == [f"3:1 {self.NAME}"]
        assert check(f"{self.IDLE}  # configlint: ignore[{self.NAME}] the script reads it\n") == []

    def test_has_comments_above_a_key(self) -> None:
        comment = f"# configlint: ignore[{self.NAME}]"
        assert check(self.IDLE.replace("save_steps", f"{comment}\nsave_steps") + "\n") == []
        assert check(f"{comment}\n{self.IDLE}\n") == ["1:1 ignore/unused", f"4:1 {self.NAME}"]

    def test_has_old_names(self) -> None:
        assert check(f"{self.IDLE}  # configlint: ignore[argument/no-effect]\n") == ["3:18 ignore/renamed"]

    def test_is_told_what_a_comment_does_not_do(self) -> None:
        text = "output_dir: out\nsave_strategy: steps\nsave_steps: 200  # configlint: ignore[{}]\n"
        assert check(text.format(self.NAME)) == ["3:18 ignore/unused"]
        assert check(text.format("argument/save-stepps")) == ["3:18 ignore/unknown-rule"]


class TestBases:
    def test_a_comment_in_a_base_holds_for_what_is_found_there(self) -> None:
        hardware = "hardware: {accelerator: a1000, devices_per_node: 8}  # configlint: ignore[{}]\n"
        write("team.yaml", hardware + "training:\n")
        team = Path("team.yaml")
        team.write_text(team.read_text().replace("{}", "hardware/unknown-accelerator"))
        assert check("extends: team.yaml\nbatch: {effective: 64}\n") == []
        assert run("check").out == "2 specs (1 plan) clean; 1 ignored\n"

    def test_a_comment_in_a_base_is_not_called_unused_by_the_spec_nor_by_itself(self) -> None:
        write("team.yaml", f"# configlint: ignore[hardware/unknown-accelerator]\n{HARDWARE}")
        assert check("extends: team.yaml\nbatch: {effective: 64}\n") == []
        assert run("check").code == 0

    def test_a_comment_does_not_hold_for_the_same_line_of_a_base(self) -> None:
        write("team.yaml", "hardware: {accelerator: a1000, devices_per_node: 8}\n")
        text = "extends: team.yaml  # configlint: ignore[hardware/unknown-accelerator]\nbatch: {effective: 64}\n"
        assert check(text) == ["1:21 ignore/unused", "team.yaml:1:25 hardware/unknown-accelerator"]


class TestCommands:
    def test_what_is_ignored_is_counted_once(self) -> None:
        text = f"""
            training:
              optim: apollo_adamw_layerwise   # configlint: ignore[{ONE}, {OTHER}]
            batch: {{effective: 8}}
            """
        check(text + HARDWARE)
        assert run("check", "a.yaml").out == "1 spec clean; 2 ignored\n"

    def test_compile_and_explain_ignore_it_too(self) -> None:
        check(f"batch: {{effective: 48}}  # configlint: ignore[batch/not-power-of-two]\n{HARDWARE}")
        assert run("compile", "a.yaml", "--verify", "never").err == "verified by configlint only\n"
        assert run("explain", "a.yaml").err == ""

    def test_an_error_that_is_ignored_still_writes_no_other_batch_than_was_asked_for(self) -> None:
        check(f"batch: {{effective: 60}}  # configlint: ignore[batch/indivisible]\n{HARDWARE}")
        assert run("compile", "a.yaml", "-o", "out", "--verify", "never") == (
            1, "", "configlint: 60 samples per step cannot be trained here: the nearest batch is 56\n",
        )  # fmt: skip
        assert not Path("out").exists()

    def test_nor_a_batch_that_cannot_be_computed(self) -> None:
        check("configlint: 1\nbatch: {effective: 64}  # configlint: ignore[hardware/missing]\n")
        assert run("compile", "a.yaml", "--verify", "never") == (
            1, "", "configlint: the batch cannot be computed from this spec\n",
        )  # fmt: skip

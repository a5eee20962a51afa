"""Scripts and notebooks: what is read of a call, by which release it is judged, and what a fix leaves as it was."""

from __future__ import annotations

import ast
import json
import random
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
from conftest import parsed, plans
from program import run

from configlint.core.document import Mapping, plain
from configlint.core.edit import Edit
from configlint.core.plan import Plan, Tuning
from configlint.core.source import Source
from configlint.core.values import AT_RUNTIME
from configlint.fixing.edits import fixed, possible
from configlint.frontends import of_root
from configlint.project.pins import pins_in
from configlint.syntax import notebook

HEAD = "from transformers import TrainingArguments\n"


def calls(text: str, name: str = "train.py") -> list[dict[str, Any]]:
    """What the calls of config classes in a script pass, and what is set afterwards."""
    document = parsed(textwrap.dedent(text), name).document
    assert document is None or isinstance(document, Mapping)
    entries = document.entries.items() if document else ()
    found: list[Any] = [plain(entry.value) for name, entry in entries if not re.search(r"Trainer(#|$)", name)]
    return [{**call, **call.pop("=", {})} for call in found]


def passed(text: str) -> dict[str, Any]:
    """The arguments of the only call of a script."""
    (call,) = calls(HEAD + textwrap.dedent(text))
    return call


class TestWhichCalls:
    @pytest.mark.parametrize(
        "text",
        [
            "from transformers import TrainingArguments\nTrainingArguments(seed=1)",
            "from transformers import TrainingArguments as TA\nTA(seed=1)",
            "from transformers.training_args import TrainingArguments\nTrainingArguments(seed=1)",
            "import transformers\ntransformers.TrainingArguments(seed=1)",
            "import transformers as tf\ntf.TrainingArguments(seed=1)",
            "from trl import SFTConfig\nSFTConfig(seed=1)",
            "from trl.trainer.sft_config import SFTConfig\nSFTConfig(seed=1)",
            "try:\n    from trl import SFTConfig\nexcept E:\n    from trl import SFTConfig\nSFTConfig(seed=1)",
            "from transformers import TrainingArguments, Trainer\nTrainer(args=TrainingArguments(seed=1))",
            "def f():\n    from transformers import TrainingArguments\n    return TrainingArguments(seed=1)",
            "from transformers import TrainingArguments\nclass Own(TrainingArguments):\n    pass\nOwn(seed=1)",
        ],
    )
    def test_a_class_of_transformers_or_trl_is_known_however_it_is_imported(self, text: str) -> None:
        (call,) = calls(text)
        assert call["seed"] == 1

    @pytest.mark.parametrize(
        "text",
        [
            "from setfit import TrainingArguments\nTrainingArguments(seed=1)",
            "from .args import TrainingArguments\nTrainingArguments(seed=1)",
            "TrainingArguments(seed=1)",
            "from sentence_transformers import SentenceTransformerTrainingArguments as TrainingArguments\n"
            "TrainingArguments(seed=1)",
            "class TrainingArguments:\n    pass\nTrainingArguments(seed=1)",
            "from transformers import TrainingArguments\nTrainingArguments = make()\nTrainingArguments(seed=1)",
            "def f(TrainingArguments):\n    TrainingArguments(seed=1)",
        ],
    )
    def test_a_class_of_the_same_name_from_elsewhere_is_not(self, text: str) -> None:
        assert of_root(parsed(text, "a.py").root) is None

    def test_each_call_is_a_plan_of_its_own(self) -> None:
        text = HEAD + "a = TrainingArguments(seed=1)\nb = TrainingArguments(seed=2)\n"
        assert [plan.training["seed"] for plan in plans(text, "a.py")] == [1, 2]

    def test_a_subclass_adds_its_fields_and_may_change_defaults(self) -> None:
        text = HEAD + textwrap.dedent(
            """
            from dataclasses import dataclass, field
            @dataclass
            class Own(TrainingArguments):
                cache: str = None
                learning_rate: float = field(default=1e-3, metadata={"help": "x"})
            Own("out", cache="x", cahce="y")
            """
        )
        (plan,) = plans(text, "a.py")
        assert plan.training["learning_rate"] == 1e-3
        assert {use.name for use in plan.uses if use.argument is None} == {"cahce"}


class TestValues:
    @pytest.mark.parametrize(
        ("written", "value"),
        [
            ("2e-5", 2e-5),
            ("-1", -1),
            ("'a' 'b'", "ab"),
            ("8 * 2 // 4", 4),
            ("2 ** 3 - 1", 7),
            ("[1, 'a', None]", [1, "a", None]),
            ("(0.9, 0.95)", [0.9, 0.95]),
            ("{'a': {'b': True}}", {"a": {"b": True}}),
            ("f'out-{4}'", "out-4"),
            ("'a' if True else 'b'", "a"),
            ("'a' if unknown() else 'a'", "a"),
            ("int(64 / 8)", 8),
            ("max(1, 64 // 16)", 4),
            ("not False", True),
            ("4 > 2", True),
            ("1 < 2 < 2", False),
            ("'a' == 'b'", False),
            ("None is not None", False),
            ("'x' if 8 // 2 != 4 else 'y'", "y"),
        ],
    )
    def test_constants_are_computed(self, written: str, value: object) -> None:
        assert passed(f"TrainingArguments(x={written})") == {"x": value}

    @pytest.mark.parametrize(
        "written",
        [
            "args.seed", "torch.cuda.is_available()", "'a' if unknown() else 'b'", "lambda: 1",
            "10 ** 100",
            "'a' * 10 ** 9", "[1] * 10 ** 9", "1 / 0", "b'x'", "1j", "...", "{1: 2}", "f'{x}'", "f'{4:>9}'",
            "1 < unknown()", "unknown() == None", "1 < 'a'", "1 is 1", "1 in [1]", "[1] == [1]",
            "int('a')", "open('x')", "seed", "'%s' % 'a'",
        ],
    )  # fmt: skip
    def test_all_else_is_only_known_at_runtime(self, written: str) -> None:
        assert passed(f"TrainingArguments(x={written})")["x"] is AT_RUNTIME

    @pytest.mark.parametrize(
        "text",
        [
            "seed = 7\nTrainingArguments(x=seed)",
            "def f():\n    seed = 7\n    return TrainingArguments(x=seed)",
            "base = 7\nseed = base\ndef f():\n    return TrainingArguments(x=seed)",
            "seed, other = 7, 8\nTrainingArguments(x=seed)",
            "if fast():\n    seed: int = 7\nTrainingArguments(x=seed)",
            "options = dict(x=7)\nTrainingArguments(**options)",
            "options = {'x': 7}\nTrainingArguments(**options)",
            "TrainingArguments(**{'x': 7})",
        ],
    )
    def test_a_name_that_is_bound_once_to_a_constant_has_its_value(self, text: str) -> None:
        assert passed(text) == {"x": 7}

    @pytest.mark.parametrize(
        "text",
        [
            "seed = 7\nseed = 8\nTrainingArguments(x=seed)",
            "seed = 7\nseed += 1\nTrainingArguments(x=seed)",
            "seed = 7\ndef f():\n    global seed\n    seed = 8\nTrainingArguments(x=seed)",
            "def f(seed=7):\n    return TrainingArguments(x=seed)",
            "for seed in [7]:\n    TrainingArguments(x=seed)",
            "[TrainingArguments(x=seed) for seed in [7]]",
            "seed = 7\ndel seed\nTrainingArguments(x=seed)",
            "with seeds() as seed:\n    TrainingArguments(x=seed)",
            "class A:\n    seed = 7\n    def f(self):\n        return TrainingArguments(x=seed)",
            "import seed\nTrainingArguments(x=seed)",
            "seed = [7]\nseed.append(8)\nTrainingArguments(x=seed)",
            "seed = seed\nTrainingArguments(x=seed)",
            "a = TrainingArguments(x=7)\na.x = 8",
        ],
    )
    def test_a_name_that_may_have_another_value_has_none(self, text: str) -> None:
        assert passed(text)["x"] is AT_RUNTIME

    @pytest.mark.parametrize(
        "text",
        [
            "TrainingArguments(**options)",
            "def f(**options):\n    return TrainingArguments(**options)",
            "options = {'x': 7}\noptions['y'] = 8\nTrainingArguments(**options)",
            "options = {'x': 7}\noptions.update(y=8)\nTrainingArguments(**options)",
            "TrainingArguments(*args)",
            "TrainingArguments(**{**options, 'x': 7})",
        ],
    )
    def test_what_may_be_passed_besides_is_not_taken_for_left_out(self, text: str) -> None:
        (plan,) = plans(HEAD + text, "a.py")
        assert plan.spec.open
        assert plan.batch.per_device is None

    def test_what_is_not_passed_has_the_default_of_the_class(self) -> None:
        (plan,) = plans(HEAD + "TrainingArguments('out')", "a.py")
        assert (plan.batch.per_device, plan.batch.accumulation, plan.training["output_dir"]) == (8, 1, "out")


class TestHostile:
    @pytest.mark.parametrize(
        "text",
        [
            "x" + "+x" * 100_000,
            "-" * 100_000 + "1",
            "(" * 5_000 + ")" * 5_000,
            "if a:\n pass\n" + "elif a:\n pass\n" * 20_000,
            "a\0b",
            "print 'Python 2'",
            "TrainingArguments(" * 80 + ")" * 80,
            "\ud800",
            "a = '\u2028'\nTrainingArguments(x=1)",
            "x = 9**9**9**9\nTrainingArguments(seed=x)",
            "class A(B): pass\nclass B(A): pass\nA(seed=1)",
            "a = b\nb = a\nTrainingArguments(seed=a)",
            "TrainingArguments(" + ", ".join(f"a{n}=1" for n in range(10_000)) + ")",
        ],
    )
    def test_no_text_ends_in_a_traceback(self, text: str, tmp_path: Path) -> None:
        (tmp_path / "a.py").write_bytes((HEAD + text).encode(errors="surrogatepass"))
        assert run("check", str(tmp_path)).code in (0, 1)

    @pytest.mark.parametrize(
        "text",
        ["", "[]", "{}", '{"cells": 1}', '{"cells": [1, {"cell_type": "code", "source": 3}]}', "[" * 100_000],
    )
    def test_what_is_no_notebook_is_passed_over(self, text: str, tmp_path: Path) -> None:
        (tmp_path / "a.ipynb").write_text(text + " TrainingArguments")
        assert run("check", str(tmp_path)).code == 0

    def test_nothing_of_a_file_is_run(self, tmp_path: Path) -> None:
        (tmp_path / "a.py").write_text(HEAD + f"open({str(tmp_path / 'made')!r}, 'w')\nTrainingArguments(seed=1.5)")
        assert run("check", str(tmp_path)).code == 1
        assert not (tmp_path / "made").exists()


def test_a_keyword_that_is_passed_twice_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(HEAD + "TrainingArguments(\n    save_steps=10,\n    save_steps=0,\n)\n")
    done = run("check", str(tmp_path))
    assert "a.py:4:5: error[syntax/duplicate-key] `save_steps` is passed twice" in done.out


class TestReleases:
    @pytest.mark.parametrize(
        ("text", "pinned"),
        [
            ("!pip install transformers==4.56.2 trl==0.22.2", {"transformers": "4.56.2", "trl": "0.22.2"}),
            ('%pip install -q -U "transformers==4.50.0"', {"transformers": "4.50.0"}),
            ("!uv pip install --no-deps trl==0.22.2", {"trl": "0.22.2"}),
            ("!python -m pip install transformers[torch]==4.40.1", {"transformers": "4.40.1"}),
            ("!pip install \\\n    transformers==4.40.1", {"transformers": "4.40.1"}),
            ("# MAGIC %pip install transformers==4.40.1", {"transformers": "4.40.1"}),
            ("# !pip install transformers==4.40.1", {"transformers": "4.40.1"}),
            ("get_ipython().system('pip install transformers==4.40.1')", {"transformers": "4.40.1"}),
            ("!pip install 'transformers>=4.40,<4.45'", {"transformers": "4.44"}),
            ("!pip install transformers==4.40.1\n!pip install transformers==4.41.0", {"transformers": "4.41.0"}),
            ("!pip install transformers==4.40.1\n!pip install -U transformers", {}),
            ("!pip install sentence-transformers==3.0", {}),
            ("!pip install git+https://github.com/huggingface/transformers", {}),
            ("!pip install transformers>=4.40", {}),
            ('# /// script\n# dependencies = ["transformers==4.40.1"]\n# ///', {"transformers": "4.40.1"}),
            ("x = 'transformers==4.40.1'", {}),
        ],
    )
    def test_what_a_file_installs_is_what_runs_it(self, text: str, pinned: dict[str, str]) -> None:
        assert {name: setting.value for name, setting in pins_in(Source("a.py", text)).items()} == pinned

    def test_in_a_notebook_comments_install_nothing_and_a_written_file_counts(self) -> None:
        cells = ["# !pip install transformers==4.30.0", "%%writefile requirements.txt\ntransformers==4.41.0\n"]
        source = notebook.joined("a.ipynb", json.dumps(made_of(*cells)))
        assert source is not None
        assert {name: setting.value for name, setting in pins_in(source).items()} == {"transformers": "4.41.0"}


def made_of(*cells: str, outputs: bool = True) -> dict[str, Any]:
    """A notebook with these code cells, a text cell before them."""
    made: list[dict[str, Any]] = [{"cell_type": "markdown", "metadata": {}, "source": ["TrainingArguments(a=1)"]}]
    for number, cell in enumerate(cells):
        output = (
            [{"output_type": "stream", "name": "stdout", "text": ["TrainingArguments(x=1)\n"]}] if outputs else []
        )
        made.append(
            {
                "cell_type": "code",
                "execution_count": number,
                "id": f"c{number}",
                "metadata": {},
                "outputs": output,
                "source": cell.splitlines(keepends=True),
            }
        )
    return {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


class TestNotebooks:
    CELLS = (
        "%%capture\n!pip install transformers==4.56.2\nimport os",
        "bs = 4\n!nvidia-smi\n%matplotlib inline",
        "this is no Python",
        "%%bash\necho 'TrainingArguments('",
        "from transformers import TrainingArguments\nx = 'ä'; args = TrainingArguments(  # é\n"
        "    per_device_train_batch_size=bs,\n"
        '    learning_rate="2e-5",\n    seed=42.0,\n)',
    )

    def write(self, tmp_path: Path, indent: int | None = 1) -> Path:
        path = tmp_path / "a.ipynb"
        path.write_text(json.dumps(made_of(*self.CELLS), indent=indent, ensure_ascii=False) + "\n")
        return path

    def test_findings_have_the_cell_and_its_line(self, tmp_path: Path) -> None:
        self.write(tmp_path)
        done = run("check", str(tmp_path))
        assert "a.ipynb:cell 6:4:19: error[argument/number-as-text]" in done.out
        assert '\n   4 |     learning_rate="2e-5",\n' in done.out

    def test_programs_get_the_place_in_the_json(self, tmp_path: Path) -> None:
        path = self.write(tmp_path)
        found = json.loads(run("check", str(tmp_path), "--output-format", "json").out)["findings"]
        lines = path.read_text().splitlines()
        assert {each["rule"] for each in found} >= {"argument/number-as-text", "argument/wrong-type"}
        for each in found:
            if each["rule"] == "argument/number-as-text":
                text = lines[each["line"] - 1][each["column"] - 1 : each["end_column"] - 1]
                assert text == r"\"2e-5\""

    @pytest.mark.parametrize("indent", [None, 1, 4])
    def test_a_fix_changes_the_line_and_no_other_byte(self, tmp_path: Path, indent: int | None) -> None:
        path = self.write(tmp_path, indent)
        before = path.read_text()
        assert run("check", str(tmp_path), "--fix").code == 0
        meant = before.replace(r"learning_rate=\"2e-5\"", "learning_rate=2e-5").replace("seed=42.0", "seed=42")
        assert path.read_text() == meant

    def test_a_line_that_goes_takes_its_literal_along(self) -> None:
        text = HEAD + "TrainingArguments(\n    seed=1,\n    bf16=True,\n    fp16=True,\n)"
        stored = json.dumps(made_of("import os", text), indent=1)
        document = parsed(stored, "a.ipynb").document
        assert isinstance(document, Mapping)
        (call,) = (entry.value for entry in document.entries.values())
        assert isinstance(call, Mapping)
        after = fixed(document, [Edit(call.entries["bf16"].key.span, delete=True)]).text
        assert after == stored.replace('    "    bf16=True,\\n",\n', "")


class TestFixes:
    """A byte around an argument never changes, and what is parsed again is what was meant."""

    @pytest.mark.parametrize(
        ("text", "change", "after"),
        [
            ("C(a=1)", {"key": "b"}, "C(b=1)"),
            ("C(a = 1)", {"value": 2}, "C(a = 2)"),
            ("C(a=1)", {"value": "x"}, 'C(a="x")'),
            ("C(a='y')", {"value": "x"}, "C(a='x')"),
            ("C(a='1e-5')", {"value": 1e-5}, "C(a=1e-5)"),
            ("C(a=True)", {"value": None}, "C(a=None)"),
            ("C(a=1)", {"delete": True}, "C()"),
            ("C(a=1, b=2)", {"delete": True}, "C(b=2)"),
            ("C(b=2, a=1)", {"delete": True}, "C(b=2)"),
            ("C(b=2, a=1,)", {"delete": True}, "C(b=2,)"),
            ("C('x', a=1)", {"delete": True}, "C('x')"),
            ("C(\n    b=2,\n    a=1,\n)", {"delete": True}, "C(\n    b=2,\n)"),
            ("C(\n    b=2,\n    a=1\n)", {"delete": True}, "C(\n    b=2,\n)"),
            ("C(\n    b=2,\n    a=[\n        1,\n    ],\n)", {"delete": True}, "C(\n    b=2,\n)"),
            ("C(b=2,\n  a=1)", {"delete": True}, "C(b=2)"),
            ("C(\n    b=2,  # why\n    a=1)", {"delete": True}, None),
            ("C(\n    a=1,  # why\n    b=2,\n)", {"delete": True}, None),
            ("C(\n    a=1,  # why\n    b=2,\n)", {"value": 3}, "C(\n    a=3,  # why\n    b=2,\n)"),
            ("C(a=x)", {"value": 2}, None),
            ("C(a=x)", {"key": "b"}, "C(b=x)"),
            ("C(a=1, b=2)", {"key": "b"}, None),
            ("C(**{'a': 1})", {"key": "b"}, "C(**{'b': 1})"),
            ("C(**{'a': 1, 'c': 2})", {"delete": True}, "C(**{'c': 2})"),
            ("C(**dict(a=1))", {"value": 2}, "C(**dict(a=2))"),
            ("C(é='ü', a='ö')", {"value": "x"}, "C(é='ü', a='x')"),
        ],
    )
    def test_an_argument_is_changed_in_place(self, text: str, change: dict[str, Any], after: str | None) -> None:
        head = "from transformers import TrainingArguments as C\n"
        document = parsed(head + text, "a.py").document
        assert isinstance(document, Mapping)
        (call,) = (entry.value for entry in document.entries.values())
        assert isinstance(call, Mapping)
        made = fixed(document, [Edit(call.entries["a"].key.span, **change)])
        assert made.text == head + (after if after is not None else text)

    def test_random_edits_change_nothing_else(self) -> None:
        chance = random.Random(13)
        for _ in range(200):
            names = chance.sample("abcdefgh", 5)
            blank = chance.choice(["", " ", "\n    ", "  # why\n    "])
            arguments = f",{blank}".join(f"{name}={chance.choice('123')}" for name in names)
            text = f"from trl import SFTConfig\n\n\ndef f():\n    return SFTConfig({arguments}\n    )\n"
            document = parsed(text, "a.py").document
            assert isinstance(document, Mapping)
            (call,) = (entry.value for entry in document.entries.values())
            assert isinstance(call, Mapping)
            changes: list[dict[str, Any]] = [{"key": "z"}, {"value": 9}, {"delete": True}]
            for edit in possible(document, [Edit(call.entries[names[2]].key.span, **chance.choice(changes))]):
                (after,) = (
                    node for node in ast.walk(ast.parse(fixed(document, [edit]).text)) if isinstance(node, ast.Call)
                )
                meant = dict.fromkeys(names)
                assert {keyword.arg for keyword in after.keywords} - {"z"} >= meant.keys() - {names[2]}


class TestStated:
    SCRIPT = HEAD + "TrainingArguments(per_device_train_batch_size=4, gradient_accumulation_steps=2)\n"

    def test_a_comment_states_the_machine_and_the_batch(self, tmp_path: Path) -> None:
        (tmp_path / "a.py").write_text("# configlint: hardware=8xh100-80gb effective=128\n" + self.SCRIPT)
        assert "a.py:1:46: error[batch/mismatch] a step trains 64 samples" in run("check", str(tmp_path)).out

    def test_options_win_over_it(self, tmp_path: Path) -> None:
        (tmp_path / "a.py").write_text("# configlint: hardware=8xh100-80gb effective=128\n" + self.SCRIPT)
        done = run("check", str(tmp_path), "--hardware", "2x8xh100-80gb")
        assert done.code == 0

    @pytest.mark.parametrize("options", [("--hardware", "eight"), ("--effective", "0")])
    def test_what_cannot_be_read_is_refused(self, tmp_path: Path, options: tuple[str, str]) -> None:
        (tmp_path / "a.py").write_text(self.SCRIPT)
        done = run("check", str(tmp_path), *options)
        assert (done.code, done.out) == (2, "")
        assert f"{options[0]} must be" in done.err

    def test_a_comment_that_cannot_be_read_is_refused_at_its_line(self, tmp_path: Path) -> None:
        (tmp_path / "a.py").write_text("\n# configlint: hardware=h100\n" + self.SCRIPT)
        done = run("check", str(tmp_path))
        assert done.code == 2
        assert "a.py:2: `hardware` must be" in done.err


def test_remedies_are_written_as_python_has_them(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        HEAD + "TrainingArguments(\n    load_best_model_at_end=True,\n    eval_strategy='epoch',\n)\n"
    )
    out = run("check", str(tmp_path)).out
    assert 'write `save_strategy="epoch"`' in out
    assert "true" not in out


def test_a_text_of_the_user_is_repeated_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(HEAD + 'TrainingArguments(bf16="false")\n')
    out = run("check", str(tmp_path)).out
    assert '`bf16` must be True or False; the string "false" is non-empty' in out
    assert "write `bf16=False`" in out


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        ("per_device_train_batch_size='four'", "`per_device_train_batch_size` must be an integer, got four"),
        ("per_device_train_batch_size=4.5", "`per_device_train_batch_size` must be an integer, got 4.5"),
        ("gradient_accumulation_steps=0", "`gradient_accumulation_steps` must be 1 or more, got 0"),
        ("gradient_accumulation_steps=None", "`gradient_accumulation_steps` must be an integer, got None"),
        ("gradient_acumulation_steps=2", "did you mean `gradient_accumulation_steps`?\n"),
        ("save_strategy=False", "`save_strategy` must be a string, got False"),
    ],
)
def test_a_wrong_argument_is_said_as_python_has_it(tmp_path: Path, passed: str, said: str) -> None:
    (tmp_path / "a.py").write_text(f"{HEAD}TrainingArguments({passed}, **options)\n")
    assert said in run("check", str(tmp_path)).out


@pytest.mark.parametrize("count", ["n", "len(devices())", "4"])
def test_a_count_that_is_right_or_cannot_be_seen_is_clean(tmp_path: Path, count: str) -> None:
    (tmp_path / "a.py").write_text(f"{HEAD}TrainingArguments(per_device_train_batch_size={count})\n")
    assert run("check", str(tmp_path)).code == 0


def test_what_installs_nothing_and_stands_in_no_project_is_judged_mildly(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(HEAD + "TrainingArguments(warmup_ratio=0.1)\n")
    done = run("check", str(tmp_path))
    assert (
        "warning[argument/removed] `warmup_ratio` was removed in transformers 5.15 (assuming transformers"
        in done.out
    )
    (tmp_path / "b.py").write_text(
        "# !pip install transformers==5.20\n" + HEAD + "TrainingArguments(warmup_ratio=0.1)\n"
    )
    assert "b.py:3:19: error[argument/removed]" in run("check", str(tmp_path)).out


def test_what_unsloth_adds_is_known_where_a_file_imports_it() -> None:
    text = "from trl import GRPOConfig\nGRPOConfig(vllm_sampling_params=x, temperatur=1)\n"
    (plain_plan,), (plan,) = plans(text, "a.py"), plans("import unsloth\n" + text, "a.py")
    assert {use.name for use in plain_plan.uses if use.argument is None} == {"vllm_sampling_params", "temperatur"}
    assert {use.name for use in plan.uses if use.argument is None} == {"temperatur"}


class TestTrainers:
    """What trainers are constructed with, and which config they get."""

    @pytest.mark.parametrize(
        "text",
        [
            "Trainer(m, TrainingArguments('out', seed=1), tokenizer=t)",
            "Trainer(m, args=TrainingArguments('out', seed=1), tokenizer=t)",
            "a = TrainingArguments('out', seed=1)\nTrainer(m, args=a, tokenizer=t)",
            "a = TrainingArguments('out', seed=1)\nTrainer(m, a, tokenizer=t)",
            "class Own(Trainer):\n    pass\nOwn(args=TrainingArguments('out', seed=1), tokenizer=t)",
            "a = TrainingArguments('out', seed=1)\nTrainer(**{'tokenizer': t}, args=a)",
        ],
    )
    def test_a_trainer_belongs_to_the_config_that_it_gets(self, text: str) -> None:
        (plan,) = plans("from transformers import Trainer, TrainingArguments\n" + text, "a.py")
        assert plan.training["seed"] == 1
        assert "constructor.tokenizer" in plan.spec.settings

    @pytest.mark.parametrize(
        "text",
        [
            "(a,) = parser.parse_args_into_dataclasses()\nTrainer(m, a, tokenizer=t)",
            "def train(a):\n    Trainer(m, a, tokenizer=t)",
            "Trainer(m, **options, tokenizer=t)",
        ],
    )
    def test_a_trainer_whose_config_cannot_be_seen_is_judged_alone(self, text: str) -> None:
        (plan,) = plans("from transformers import Trainer\n" + text, "a.py")
        assert plan.spec.is_of_trainer
        assert plan.spec.open
        assert [use.name for use in plan.uses if use.argument is None] == ["tokenizer"]

    @pytest.mark.parametrize("second", ["if b: a = {}", "for b in c: a = {}", "def f():\n    global a\n    a = {}"])
    def test_of_a_config_that_may_be_bound_again_nobody_knows_which_the_trainer_gets(self, second: str) -> None:
        again = second.format("TrainingArguments('2')")
        text = f"a = TrainingArguments('1')\n{again}\nTrainer(m, a, tokenizer=t)\n"
        every = plans("from transformers import Trainer, TrainingArguments\n" + text, "a.py")
        assert [plan.spec.is_of_trainer for plan in every] == [False, False, True]

    def test_a_config_with_places_beyond_the_first_may_have_any_argument(self) -> None:
        (plan,) = plans("from transformers import TrainingArguments\nTrainingArguments('o', True, seed=1)", "a.py")
        assert (plan.spec.open, plan.training["seed"]) == (True, 1)

    def test_of_configs_that_are_bound_one_after_another_a_trainer_gets_the_last_before_it(self) -> None:
        trained = "a = TrainingArguments('{0}')\nTrainer(m, a, tokenizer='{0}')\n"
        text = "from transformers import Trainer, TrainingArguments\na = TrainingArguments('0')\n"
        every = plans(text + trained.format(1) + trained.format(2), "a.py")
        pairs = [(each.training["output_dir"], each.constructor is not None) for each in every]
        assert pairs == [("0", False), ("1", True), ("2", True)]

    @pytest.mark.parametrize(
        "text",
        [
            "from transformers import Trainer\nclass Own(Trainer):\n    def __init__(self, tokenizer): ...\n"
            "Own(tokenizer=t)",
            "from setfit import Trainer\nTrainer(tokenizer=t)",
            "from transformers import Trainer\nTrainer(**options)",
            "import unsloth\nfrom trl import SFTTrainer\nSFTTrainer(tokenizer=t, dataset_text_field='text')",
            "from transformers import Trainer\ntrainer = Trainer(m)\ntrainer.tokenizer = t",
            "# !pip install transformers==4.44\nfrom transformers import Trainer\nTrainer(tokenizer=t)",
            "# !pip install transformers==4.57 trl==1.0\nfrom trl import KTOTrainer\nKTOTrainer(anything=1)",
        ],
    )
    def test_what_takes_keywords_of_its_own_or_any_is_clean(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "a.py").write_text(text + "\n")
        assert "a.py" not in run("check", str(tmp_path)).out

    def test_the_release_of_the_trainers_package_counts_whatever_the_config_is(self, tmp_path: Path) -> None:
        (tmp_path / "requirements.txt").write_text("transformers==4.47.1\ntrl==0.16.1\n")
        (tmp_path / "a.py").write_text(
            "from transformers import TrainingArguments\nfrom trl import SFTTrainer\n"
            "SFTTrainer(m, args=TrainingArguments('out'), tokenizer=t)\n"
        )
        done = run("check", str(tmp_path))
        assert (
            "a.py:3:46: error[argument/removed] `tokenizer` was removed from SFTTrainer in trl 0.16\n" in done.out
        )

    def test_a_file_with_a_trainer_alone_has_nothing_to_import_or_to_estimate(self, tmp_path: Path) -> None:
        (tmp_path / "a.py").write_text("from transformers import Trainer\nTrainer(m, parsed)\n")
        for command in ("import", "explain", "fit"):
            done = run(command, str(tmp_path / "a.py"))
            assert (done.code, "a.py calls no config class of transformers or trl" in done.err) == (2, True)


class TestAdapters:
    """The adapters that a trainer gets, as far as they can be seen."""

    HEAD = "from trl import SFTConfig, SFTTrainer\nfrom peft import LoraConfig, get_peft_model\n"
    QUANTIZED = (
        "from transformers import AutoModelForCausalLM, BitsAndBytesConfig\n"
        "b = BitsAndBytesConfig(load_in_4bit=True)\n"
        "m = AutoModelForCausalLM.from_pretrained('a/b', quantization_config=b)\n"
    )

    @pytest.mark.parametrize(
        "text",
        [
            "SFTTrainer(m, args=SFTConfig('o'), peft_config=LoraConfig(r=4, lora_alpha=8, target_modules=['q']))",
            "p = LoraConfig(r=2 * 2, lora_alpha=8, target_modules=('q',))\n"
            "SFTTrainer(m, SFTConfig('o'), peft_config=p)",
            "R = 4\np = LoraConfig(**dict(r=R, lora_alpha=8), target_modules=['q'], bias='none')\n"
            "a = SFTConfig('o')\ndef main():\n    SFTTrainer(m, a, peft_config=p)",
            "import peft\nSFTTrainer(m, peft_config=peft.LoraConfig(r=4, lora_alpha=8, target_modules=['q']))",
            "p = LoraConfig(r=4, lora_alpha=8, target_modules=['q'])\n"
            "m = load()\nn = get_peft_model(m, p)\nn.print_trainable_parameters()\nSFTTrainer(n)",
        ],
    )
    def test_a_lora_config_is_the_tuning_of_the_trainer_that_gets_it(self, text: str) -> None:
        (plan,) = plans(self.HEAD + text, "a.py")
        assert plan.tuning[:3] == ("lora", 4, 8)
        assert plan.tuning.target_modules == ("q",)
        place = plan.spec.settings["tuning.alpha"]
        line = plan.spec.source.lines()[place.span.line - 1]
        assert line[place.key.column - 1 :].startswith("lora_alpha=8")

    def test_what_a_lora_config_leaves_out_has_the_default_of_peft(self) -> None:
        (plan,) = plans(self.HEAD + "SFTTrainer(m, peft_config=LoraConfig())", "a.py")
        assert plan.tuning.rank == 8

    @pytest.mark.parametrize(
        "text",
        [
            "p = LoraConfig(r=4)\np = None\nSFTTrainer(m, peft_config=p)",
            "p = LoraConfig(r=4) if adapts else None\nSFTTrainer(m, peft_config=p)",
            "SFTTrainer(get_peft_model(m, LoraConfig(r=4), mixed=True))",
            "SFTTrainer(get_peft_model(m, LoraConfig(r=4)), peft_config=LoraConfig(r=4))",
            "SFTTrainer(get_peft_model(get_peft_model(m, LoraConfig(r=4)), LoraConfig(r=4)))",
            "p = get_peft_config(a)\nSFTTrainer(m, peft_config=p)",
            "def train(p):\n    SFTTrainer(m, peft_config=p)\ntrain(LoraConfig(r=4))",
            "from other import LoraConfig\nSFTTrainer(m, peft_config=LoraConfig(r=4))",
            "import unsloth\nSFTTrainer(m, peft_config=LoraConfig(r=4))",
            "SFTTrainer(m, **{'peft_config': make()})",
        ],
    )
    def test_what_is_bound_twice_or_made_elsewhere_is_not_known(self, text: str) -> None:
        (plan,) = plans(self.HEAD + text, "a.py")
        assert plan.tuning == Tuning()

    @pytest.mark.parametrize(
        "text",
        [
            "p = LoraConfig(r=4)\np.r = 8\n",
            "p = LoraConfig(r=args.r)\n",
            "p = LoraConfig(r=f())\n",
        ],
    )
    def test_a_rank_that_is_computed_is_not_known(self, text: str) -> None:
        (plan,) = plans(self.HEAD + text + "SFTTrainer(m, peft_config=p)", "a.py")
        assert (plan.tuning.method, plan.tuning.rank) == ("lora", None)

    @pytest.mark.parametrize("more", ["rank_pattern={'q': 1}", "layers_to_transform=[1]", "bias='all'", "**more"])
    def test_of_adapters_that_are_described_in_other_ways_nobody_knows_the_modules(self, more: str) -> None:
        text = f"SFTTrainer(m, peft_config=LoraConfig(target_modules=['q'], {more}))"
        (plan,) = plans(self.HEAD + text, "a.py")
        assert (plan.tuning.method, plan.tuning.target_modules) == ("lora", ())

    @pytest.mark.parametrize(
        ("change", "method", "size"),
        [
            (("", ""), "qlora", 4),
            (("4bit", "8bit"), "qlora", 8),
            (("=True", "=False"), "lora", None),
            (("=True", "=a.x"), None, None),
            ((", quantization_config=b", ""), "lora", None),
            (("quantization_config=b", "load_in_4bit=True"), "qlora", 4),
            (("quantization_config=b", "**options"), None, None),
            (("quantization_config=b", "quantization_config=f(b)"), None, None),
            (("m = ", "b = 1\nm = "), None, None),
            (("m = ", "m = wrapped(m)\nm = "), "lora", None),
        ],
    )
    def test_weights_that_bitsandbytes_loads_are_below_qlora(
        self, change: tuple[str, str], method: str | None, size: int | None
    ) -> None:
        text = self.HEAD + self.QUANTIZED.replace(*change) + "SFTTrainer(m, peft_config=LoraConfig())"
        (plan,) = plans(text, "a.py")
        assert (plan.tuning.method, plan.tuning.bits) == (method, size)

    def test_another_function_of_the_same_name_loads_nothing(self) -> None:
        text = self.HEAD + self.QUANTIZED.replace("AutoModelForCausalLM", "AutoTokenizer")
        (plan,) = plans(text + "SFTTrainer(m, peft_config=LoraConfig())", "a.py")
        assert plan.tuning.method == "lora"

    def test_a_file_without_a_trainer_has_no_plan(self) -> None:
        assert parsed(self.HEAD + self.QUANTIZED + "p = LoraConfig(r=4)", "a.py").document is None

    def test_what_is_wrong_with_the_adapters_is_found_at_their_place(self, tmp_path: Path) -> None:
        (tmp_path / "a.py").write_text(
            "# !pip install trl==1.16\nfrom trl import DPOConfig, DPOTrainer\nfrom peft import LoraConfig\n"
            "p = LoraConfig(r=4)\nDPOTrainer(m, args=DPOConfig('o', sync_ref_model=True), peft_config=p)\n"
        )
        done = run("check", str(tmp_path))
        assert "error[trl/sync-with-adapter]" in done.out


class TestModels:
    """The model that a trainer starts from, as far as it can be seen, and what memory it then takes."""

    HEAD = (
        "# configlint: hardware=1xa100-80gb\n# !pip install transformers==5.23 trl==1.16\nimport torch\n"
        "from transformers import AutoModelForCausalLM, Trainer, TrainingArguments\n"
        "from trl import SFTConfig, SFTTrainer\nfrom peft import LoraConfig\n"
    )
    LOADED = (
        "m = AutoModelForCausalLM.from_pretrained('meta-llama/Llama-3.1-8B', torch_dtype=torch.bfloat16,"
        " attn_implementation='sdpa')\n"
    )
    TRAINER = "SFTTrainer(m, SFTConfig('o', max_length=512), peft_config=LoraConfig(r=8))\n"

    @staticmethod
    def plan(text: str) -> Plan:
        (plan,) = plans(TestModels.HEAD + text, "a.py")
        return plan

    @pytest.mark.parametrize(
        "text",
        [
            LOADED + TRAINER,
            LOADED.replace("torch.bfloat16", "'bfloat16'") + TRAINER,
            LOADED.replace("torch_dtype", "dtype") + TRAINER,
            LOADED.replace("'meta-llama/Llama-3.1-8B'", "ID") + "ID = 'meta-llama/Llama-3.1-8B'\n" + TRAINER,
            LOADED + "m.config.use_cache = False\n" + TRAINER,
            TRAINER.replace("m,", LOADED[4:].strip() + ","),
        ],
    )
    def test_a_model_is_known_with_how_it_is_loaded(self, text: str) -> None:
        plan = self.plan(text)
        assert plan.model is not None
        assert plan.model.name == "llama-3.1-8b"
        assert plan.loaded == ("causal-lm", "bfloat16", "sdpa")
        assert plan.memory.estimate is not None

    @pytest.mark.parametrize(
        "text",
        [
            LOADED.replace("torch.bfloat16", "D") + "D = torch.bfloat16\n",
            LOADED.replace("torch.bfloat16", "D") + "D = getattr(torch, 'bfloat16')\n",
            LOADED.replace("torch.bfloat16", "getattr(torch, D)") + "D = 'bfloat16'\n",
        ],
    )
    def test_a_dtype_is_known_by_its_name(self, text: str) -> None:
        assert self.plan(text + self.TRAINER).loaded.dtype == "bfloat16"

    @pytest.mark.parametrize(
        "dtype", ["torch.bfloat16 if new else torch.float16", "getattr(torch, a.dtype)", "getattr(torch)"]
    )
    def test_a_dtype_that_is_chosen_when_it_runs_is_not_known(self, dtype: str) -> None:
        for text in (self.LOADED.replace("torch.bfloat16", dtype), self.LOADED.replace("torch.bfloat16", "D")):
            assert self.plan(f"{text}D = {dtype}\n{self.TRAINER}").loaded.dtype is None

    @pytest.mark.parametrize(("name", "meant"), [("gpt2", "gpt2"), ("bert-base-uncased", "bert-base-uncased")])
    def test_the_oldest_models_of_the_hub_need_no_owner(self, name: str, meant: str) -> None:
        model = self.plan(self.LOADED.replace("meta-llama/Llama-3.1-8B", name) + self.TRAINER).model
        assert model is not None and model.name == meant

    def test_adapters_that_the_script_adds_itself_are_those_of_the_trainer(self) -> None:
        text = "from peft import get_peft_model\nm = get_peft_model(m, LoraConfig(r=8))\n"
        trainer = "SFTTrainer(m, SFTConfig('o', max_length=512))\n"
        wrapped, given = self.plan(self.LOADED + text + trainer), self.plan(self.LOADED + self.TRAINER)
        assert wrapped.memory.estimate is not None
        assert wrapped.memory.estimate == given.memory.estimate

    @pytest.mark.parametrize(
        ("arguments", "config", "is_known"),
        [("m", "", False), ("m", ", gradient_checkpointing=True", True),
         ("m, use_gradient_checkpointing=False", "", True), ("m, **more", "", False)],
    )  # fmt: skip
    def test_peft_prepares_quantized_weights_as_the_memory_of_a_trainer_has_it(
        self, arguments: str, config: str, is_known: bool
    ) -> None:
        text = (
            "from peft import get_peft_model, prepare_model_for_kbit_training\n"
            "from transformers import BitsAndBytesConfig\n"
            + self.LOADED.replace(
                "attn_implementation='sdpa'", "quantization_config=BitsAndBytesConfig(load_in_4bit=True)"
            )
            + f"m = prepare_model_for_kbit_training({arguments})\nm = get_peft_model(m, LoraConfig(r=8))\n"
            f"SFTTrainer(m, SFTConfig('o', max_length=512{config}))\n"
        )
        plan = self.plan(text)
        assert plan.tuning.method == "qlora"
        assert (plan.memory.estimate is not None) == is_known

    @pytest.mark.parametrize(
        "text",
        [
            "m = f(m)\n",
            "m = AutoModelForCausalLM.from_config(c)\n",
            "for m in models: pass\n",
            "m.lm_head = None\n",
        ],
    )
    def test_a_model_that_is_bound_again_or_changed_is_not_known(self, text: str) -> None:
        plan = self.plan(self.LOADED + text + self.TRAINER)
        assert (plan.model, plan.memory.estimate) == (None, None)

    @pytest.mark.parametrize(
        "argument", ["config=c", "rope_scaling={'type': 'linear'}", "num_hidden_layers=2", "**options"]
    )
    def test_a_model_that_is_loaded_with_another_config_is_not_known(self, argument: str) -> None:
        loaded = self.LOADED.replace("attn_implementation='sdpa'", argument)
        assert self.plan(loaded + self.TRAINER).model is None

    @pytest.mark.parametrize(
        "done",
        [
            "m.half()\n",
            "m.gradient_checkpointing_enable()\n",
            "prepare_model_for_kbit_training(m)\n",
            "for p in m.parameters(): p.requires_grad = False\n",
        ],
    )
    def test_of_a_model_to_which_something_is_done_the_memory_is_not_known(self, done: str) -> None:
        for trainer in (self.TRAINER, "SFTTrainer(m, SFTConfig('o', max_length=512))\n"):
            plan = self.plan(self.LOADED + done + trainer)
            assert plan.model is not None
            assert (plan.memory.estimate, plan.precision.weights) == (None, None)

    @pytest.mark.parametrize(
        "trainer",
        [
            TRAINER.replace("m,", "m, optimizers=(o, None),").replace("SFTConfig('o'", "args=SFTConfig('o'"),
            "class Own(SFTTrainer):\n    pass\n" + TRAINER.replace("SFTTrainer", "Own"),
            TRAINER.replace("LoraConfig(r=8)", "get_peft_config(a)"),
            "SFTTrainer(m, SFTConfig('o', max_length=512), None, a, b, t, LoraConfig(r=8))",
            "SFTTrainer(m, SFTConfig('o', max_length=512, fsdp='full_shard'))\n",
            "SFTTrainer(m, SFTConfig('o', max_length=512, **options))\n",
        ],
    )
    def test_of_a_trainer_that_trains_in_its_own_way_the_memory_is_not_known(self, trainer: str) -> None:
        plan = self.plan(self.LOADED + trainer)
        assert plan.model is not None
        assert plan.memory.estimate is None

    def test_scales_that_are_quantized_too_take_less(self) -> None:
        head = "from transformers import BitsAndBytesConfig\n"
        loaded = self.LOADED.replace("attn_implementation='sdpa'", "quantization_config=BitsAndBytesConfig(Q)")
        sizes = []
        for nested in ("True", "False"):
            given = f"load_in_4bit=True, bnb_4bit_use_double_quant={nested}"
            plan = self.plan(head + loaded.replace("Q", given) + self.TRAINER)
            assert plan.memory.estimate is not None
            sizes.append(plan.memory.estimate.breakdown["weights"])
        assert sizes[0] < sizes[1]

    def test_samples_that_are_cut_beyond_the_positions_are_a_warning(self, tmp_path: Path) -> None:
        loaded = self.LOADED.replace("meta-llama/Llama-3.1-8B", "openai-community/gpt2")
        (tmp_path / "a.py").write_text(self.HEAD + loaded + self.TRAINER.replace("512", "2048"))
        assert "warning[model/beyond-positions]" in run("check", str(tmp_path)).out

    def test_what_the_launcher_makes_of_several_devices_is_not_known(self) -> None:
        text = (self.HEAD + self.LOADED + self.TRAINER).replace("1xa100", "8xa100")
        (plan,) = plans(text, "a.py")
        assert (plan.parallel.replicas, plan.memory.estimate) == (8, None)

    @pytest.mark.parametrize(
        ("release", "dtype"), [("1.16", "float32"), ("0.27", "float32"), ("0.26", "auto"), ("0.25", None)]
    )
    def test_a_model_that_the_trainer_loads_has_the_dtype_of_its_release(
        self, release: str, dtype: str | None
    ) -> None:
        text = self.HEAD + "SFTTrainer('meta-llama/Llama-3.1-8B', SFTConfig('o', max_length=512))\n"
        (plan,) = plans(text.replace("trl==1.16", f"trl=={release}"), "a.py")
        assert (plan.model is not None, plan.tuning.method, plan.loaded.dtype) == (True, "full", dtype)

    def test_what_is_passed_on_to_the_loading_leaves_the_dtype_open(self) -> None:
        plan = self.plan("SFTTrainer('meta-llama/Llama-3.1-8B', SFTConfig('o', model_init_kwargs=k))\n")
        assert (plan.model is not None, plan.loaded.dtype, plan.memory.estimate) == (True, None, None)

    @pytest.mark.parametrize("name", ["me/mine", "./out", "gpt2-mine", "llama"])
    def test_a_model_that_is_not_bundled_is_no_finding(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "a.py").write_text(
            self.HEAD + self.LOADED.replace("meta-llama/Llama-3.1-8B", name) + self.TRAINER
        )
        assert run("check", str(tmp_path), "--quiet").out == "1 file clean\n"

    def test_memory_speaks_with_remedies_that_the_script_can_write(self, tmp_path: Path) -> None:
        text = self.HEAD + self.LOADED + self.TRAINER.replace("512", "4096, per_device_train_batch_size=64")
        (tmp_path / "a.py").write_text(text)
        done = run("check", str(tmp_path))
        assert "warning[memory/does-not-fit] 64 samples of 4,096 tokens need" in done.out
        assert "write `per_device_train_batch_size=" in done.out
        assert "tuning" not in done.out

    def test_weights_that_are_too_large_for_the_device_are_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "a.py").write_text(
            (self.HEAD + self.LOADED).replace("a100-80gb", "t4") + "SFTTrainer(m, SFTConfig('o', max_length=512))\n"
        )
        done = run("check", str(tmp_path))
        assert "error[memory/does-not-fit]" in done.out
        assert "use more or larger devices\n" in done.out

    def test_a_misspelt_module_is_found_and_corrected_in_its_call(self, tmp_path: Path) -> None:
        text = self.HEAD + self.LOADED + self.TRAINER.replace("r=8", "r=8, target_modules=['q_proj', 'v_porj']")
        path = tmp_path / "a.py"
        path.write_text(text)
        assert "error[model/unmatched-target-module]" in run("check", str(path)).out
        run("check", str(path), "--fix", "--unsafe-fixes")
        assert path.read_text() == text.replace("['q_proj', 'v_porj']", '["q_proj", "v_proj"]')

    def test_fp16_beside_weights_of_16_bits_is_an_error_in_the_words_of_the_file(self, tmp_path: Path) -> None:
        text = self.HEAD + self.LOADED.replace("bfloat16", "float16")
        text += "Trainer(m, TrainingArguments('o', fp16=True))\n"
        path = tmp_path / "a.py"
        path.write_text(text)
        done = run("check", str(path))
        assert "error[precision/unscalable-gradients]" in done.out
        assert "write `torch_dtype=torch.bfloat16` and `bf16=True`" in done.out
        run("check", str(path), "--fix", "--unsafe-fixes")
        assert path.read_text() == text

    def test_attention_that_the_device_does_not_have_is_corrected_in_its_call(self, tmp_path: Path) -> None:
        text = (self.HEAD + self.LOADED + self.TRAINER).replace("a100-80gb", "v100-16gb")
        path = tmp_path / "a.py"
        path.write_text(text.replace("'sdpa'", "'flash_attention_2'").replace("meta-llama/", "me/"))
        assert "error[model/unsupported-attention]" in run("check", str(path)).out
        run("check", str(path), "--fix", "--unsafe-fixes")
        assert "attn_implementation='sdpa'" in path.read_text()

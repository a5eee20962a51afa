"""Secrets: found by form or by name, and shown, written and passed on by nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from conftest import plan
from hypothesis import given
from hypothesis import strategies as st
from program import CLEAN, run, write

from configlint.core.masking import is_secret, masked
from configlint.core.secrets import MASK, could_hold, paths

# None of them is or was one.
SECRETS = {
    "Hugging Face": "hf_abcdefghijklmnopqrstuvwxyz012345",
    "OpenAI": "sk-proj-abcdefghijklmnopqrst0123456789ABCD",
    "Anthropic": "sk-ant-api03-abcdefghijklmnopqrst0123456789",
    "AWS": "AKIAABCDEFGHIJKLMNOP",
    "GitHub": "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "GitHub, fine-grained": "github_pat_11ABCDEFG0abcdefghijklmnop_0123456789",
    "GitLab": "glpat-abcdefghijklmnopqrst",
    "Slack": "xoxb-123456789012-abcdefghijkl",
    "Google": "AIzaabcdefghijklmnopqrstuvwxyz012345678",
    "Databricks": "dapi0123456789abcdef0123456789abcdef",
    "a JSON web token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghijklmnop",
    "a URL": "https://me:pa55word@example.org/x",
    "a key": "-----BEGIN OPENSSH PRIVATE KEY-----",
}
PLACES = {
    "training": "training: {{run_name: {}}}\n",
    "training, by name": "training: {{hub_token: {}}}\n",
    "arguments": "arguments: {{note: {}}}\n",
    "a list": "arguments: {{notes: [1, {}]}}\n",
    "a mapping": "arguments: {{deep: {{deeper: {}}}}}\n",
    "env": "launch: {{script: t.py, env: {{NOTE: {}}}}}\n",
    "setup": "launch: {{script: t.py, setup: {}}}\n",
    "slurm": "launch: {{script: t.py, slurm: {{comment: {}}}}}\n",
    "DeepSpeed's config": "parallel: {{data: zero2, deepspeed: {{wandb: {{team: {}}}}}}}\n",
    "a key": "arguments: {{{}: 1}}\n",
    "a section that there is not": "nowhere: {}\n",
    "the wrong type": "data: {{train_examples: {}}}\n",
    "a choice": "launch: {{script: t.py, launcher: {}}}\n",
    "a name to look up": "hardware: {{accelerator: {}, devices_per_node: 8}}\n",
    "a name of a file": "model: {{config: ./{}}}\n",
    "a comment": "# {}\ntraining: {{no_such: 1}}\n",
    "a comment behind": "training: {{no_such: 1}}  # {}\n",
    "a target": "targets: {{a: {{training: {{run_name: {}}}}}}}\n",
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def everything(*specs: str) -> str:
    """All that is printed and written about a spec."""
    said = []
    for spec in specs:
        for command in (
            *(["check", "--output-format", form] for form in ("text", "json", "concise")),
            ["check", "--diff"], ["compile", "--verify", "never"], ["compile", "--verify", "never", "-o", "out"],
            ["compile", "--verify", "never", "-o", "out", "--check"],
            ["compile", "--verify", "never", "--to", "launch"],
            ["explain"], ["explain", "--target", "a"], ["fit"], ["fit", "--output-format", "json"],
        ):  # fmt: skip
            result = run(*command, spec)
            assert result.code != 3, result.err
            said += [result.out, result.err]
    said += [path.read_text() for path in Path().rglob("*") if path.is_file() and path.parent != Path()]
    return "\n".join(said)


class TestNothingShowsThem:
    @pytest.mark.parametrize("place", PLACES)
    @pytest.mark.parametrize("quote", ["", '"'])
    def test_wherever_they_stand(self, place: str, quote: str) -> None:
        for kind in ("Hugging Face", "AWS"):
            secret = SECRETS[kind]
            text = PLACES[place].format(quote + secret + quote)
            clean = "".join(line for line in CLEAN.splitlines(True) if line[:8] != text[:8])
            write("a.yaml", clean + text)
            write("b.yaml", "# configlint: ignore[security/hardcoded-secret]\n" + clean + text)
            said = everything("a.yaml", "b.yaml")
            assert secret not in said and secret[4:20] not in said, kind

    @pytest.mark.parametrize("kind", SECRETS)
    def test_of_every_kind(self, kind: str) -> None:
        write("a.yaml", CLEAN + f"arguments: {{note: '{SECRETS[kind]}', other: x}}\n")
        assert re.search(
            r"a\.yaml:3:19: error\[security/hardcoded-secret\] `note` contains a secret", run("check").out
        )
        said = everything("a.yaml")
        assert SECRETS[kind] not in said and "pa55word" not in said
        assert MASK * 8 in said

    @pytest.mark.parametrize(
        "value",
        [
            '"hf_\\x61bcdefghijklmnopqrstuvwxyz012345"', "&anchor hf_abcdefghijklmnopqrstuvwxyz012345",
            "!!str hf_abcdefghijklmnopqrstuvwxyz012345", "|\n    hf_abcdefghijklmnopqrstuvwxyz012345\n",
            ">-\n    hf_abcdefghijklmnopqrstuvwxyz012345\n", '"hf_abcdefghijklm\\\n  nopqrstuvwxyz012345"',
            "'it''s hf_abcdefghijklmnopqrstuvwxyz012345'", "x hf_abcdefghijklmnopqrstuvwxyz012345 y",
        ],
    )  # fmt: skip
    def test_however_they_are_written(self, value: str) -> None:
        write("a.yaml", CLEAN + f"arguments:\n  token: {value}\n  other: 1\n")
        assert "error[security/hardcoded-secret]" in run("check").out
        said = everything("a.yaml")
        assert "nopqrstuvwxyz012345" not in said and "bcdefghijklm" not in said

    def test_in_a_base_in_a_file_that_cannot_be_parsed_and_in_one_that_is_no_utf_8(self) -> None:
        secret = SECRETS["Hugging Face"]
        write("team.yaml", f"training: {{hub_token: {secret}}}\n")
        write("a.yaml", "extends: team.yaml\n" + CLEAN)
        assert "team.yaml:1:23: error[security/hardcoded-secret]" in run("check", "a.yaml").out
        assert secret not in everything("a.yaml")
        write("a.yaml", CLEAN + f"training: {{hub_token: {secret}\nwandb_api_key: abcd1234efgh: x\n")
        assert not re.search(f"{secret}|abcd1234", everything("a.yaml"))
        Path("a.yaml").write_bytes(f"{CLEAN}# {secret} Größe\n".encode("latin-1"))
        assert secret not in everything("a.yaml")

    @pytest.mark.parametrize(
        "assignment",
        [
            "training.hub_token=hf_abcdefghijklmnopqrstuvwxyz012345",
            "training={hub_token: abcd1234efgh}",
            "launch.env.WANDB_API_KEY=abcd1234efgh",
            'training.x="hf_\\x61bcdefghijklmnopqrstuvwxyz012345"',
            "launch.env.WANDB_API_KEY=[abcd1234efgh",
            "targets.api_key=abcd1234efgh",
            "x hf_abcdefghijklmnopqrstuvwxyz012345",
        ],
    )
    def test_that_are_set(self, assignment: str) -> None:
        write("a.yaml", CLEAN + "launch: {script: t.py}\n")
        for command in (["check"], ["compile", "--verify", "never"], ["explain"]):
            result = run(*command, "a.yaml", "--set", assignment)
            assert result.code in (1, 2)
            assert not re.search("ghijklmnop|abcd1234", result.out + result.err)

    def test_of_stdin(self) -> None:
        result = run("check", "-", stdin=CLEAN + "training: {hub_token: abcd1234efgh}\n")
        assert result.code == 1
        assert "abcd1234" not in result.out + result.err

    def test_what_an_earlier_release_compiled_is_masked_in_the_diff(self) -> None:
        write("a.yaml", CLEAN + "launch: {script: t.py, env: {A: b}}\n")
        run("compile", "a.yaml", "-o", "out", "--verify", "never")
        write(
            "out/training_args.json",
            '{\n  "hub_token": "abcd1234efgh",\n  "x": "hf_abcdefghijklmnopqrstuvwxyz012345"\n}\n',
        )
        write("out/launch.sh", "export WANDB_API_KEY=abcd1234efgh\n")
        out = run("compile", "a.yaml", "-o", "out", "--check").out
        assert '-  "hub_token": "' + MASK in out
        assert not re.search("ghijklmnop|abcd1234", out)

    def test_a_file_with_one_is_not_rewritten(self) -> None:
        text = CLEAN + "training: {no_cuda: true, hub_token: abcd1234efgh}\n"
        write("a.yaml", text)
        result = run("check", "--fix", "a.yaml")
        assert "error[security/hardcoded-secret]" in result.out and "--fix does it" not in result.out
        assert Path("a.yaml").read_text() == text
        assert run("check", "--diff", "a.yaml").out == ""


class TestCompile:
    def test_an_ignored_finding_does_not_make_it_write_one(self) -> None:
        write(
            "a.yaml",
            CLEAN + "training: {hub_token: abcd1234efgh}  # configlint: ignore[security/hardcoded-secret]\n",
        )
        assert run("check", "a.yaml").code == 0
        for arguments in ([], ["-o", "out"], ["--to", "plan"]):
            result = run("compile", "a.yaml", "--verify", "never", *arguments)
            assert (result.code, result.out) == (1, "")
            assert (
                result.err.splitlines()[-1]
                == "configlint: secrets are never compiled: remove the one in training.hub_token"
            )
        assert not Path("out").exists()

    def test_what_stands_in_the_place_of_one_is_written_as_it_stands(self) -> None:
        write(
            "a.yaml",
            CLEAN + 'training: {hub_token: "<HUB_TOKEN>"}\narguments: {token: $TOKEN, key: true, password: ""}\n',
        )
        compiled = json.loads(run("compile", "a.yaml", "--verify", "never").out)
        assert compiled["hub_token"] == "<HUB_TOKEN>"
        assert (compiled["token"], compiled["key"], compiled["password"]) == ("$TOKEN", True, "")


def arguments() -> set[str]:
    """The names of all arguments of all releases, and of the keys of what they hold."""
    root = Path(__file__).parent.parent
    known = json.loads((root / "schemas" / "training_arguments.json").read_text(encoding="utf-8"))
    names = set()
    nodes = [known]
    while nodes:
        node = nodes.pop()
        if isinstance(node, dict):
            names |= node.keys()
            nodes += node.values()
        elif isinstance(node, list):
            nodes += node
    return names


class TestWhatLooksLikeNone:
    @pytest.mark.parametrize(
        "value", ["my-S3cretPassw0rd", "api-8f3k2j1h0x", "the1ongpassw0rd", "token-1a2b3c4d", "true1234true"]
    )
    def test_a_word_in_front_makes_none_of_it_where_there_are_digits(self, value: str) -> None:
        assert is_secret("password", value)
        assert value not in masked(f"export DB_PASSWORD={value}")

    @pytest.mark.parametrize("value", ["correct-horse-battery", "monkey-business", "some-key-7f3a", "a-token.b"])
    def test_other_words_may_be_one(self, value: str) -> None:
        assert is_secret("password", value)
        assert value not in masked(f"export DB_PASSWORD={value}")

    @pytest.mark.parametrize("user", ["token", "api", "my", "me", "x-access-token"])
    def test_of_a_url_the_password_counts_and_not_the_user(self, user: str) -> None:
        assert is_secret("proxy", f"https://{user}:correcthorse@example.org/")
        assert not is_secret("proxy", f"https://{user}:your-token@example.org/")


class TestWhatIsNone:
    def test_of_all_known_arguments_only_the_tokens_of_the_hub_are_by_name(self) -> None:
        assert len(arguments()) > 500
        assert {name for name in arguments() if is_secret(name, "abcd1234efgh5678")} == {
            "hub_token",
            "push_to_hub_token",
        }

    @pytest.mark.parametrize(
        "name",
        [
            "eos_token",
            "pad_token",
            "image_token",
            "max_tokens",
            "num_tokens",
            "tokenizer",
            "key",
            "keyword",
            "keys",
        ],
    )
    def test_names_of_other_tokens_and_keys(self, name: str) -> None:
        for value in ("<|endoftext|>", "text-column-of-data", "instruction", "12345678901"):
            assert not is_secret(name, value)

    @pytest.mark.parametrize(
        "value",
        [
            "",
            " ",
            "<HUB_TOKEN>",
            "$HF_TOKEN",
            "${HF_TOKEN}",
            "$(cat ~/.token)",
            "{{ token }}",
            "${{ secrets.TOKEN }}",
            "/run/secrets/token",
            "~/.cache/token",
            "./token.txt",
            "../x/token",
            "secrets/gcp.json",
            "C:\\keys\\token",
            "none",
            "null",
            "true",
            "your-token-here",
            "YOUR_TOKEN_HERE",
            "insert_token",
            "hf_xxxxxxxxxxxxxxxxxxxxxxxxx",
            "hf_...",
            "sk-...",
            "xxxxxxxxxxxx",
            "************",
            "XXXXXXXXXXXX",
            "changeme",
            "hf_your_token",
            "%HF_TOKEN%",
            "a text of several words",
            "some-api-key",
            "not_a_real_token",
            "paste-it-here",
            "WANDB_API_KEY",
            "redacted-by-admin",
        ],
    )
    def test_what_stands_in_the_place_of_one(self, value: str) -> None:
        for name in ("hub_token", "WANDB_API_KEY", "password", "x"):
            assert not is_secret(name, value)
            assert masked(f"{name}: {value}") == f"{name}: {value}"

    @pytest.mark.parametrize(
        "name", ["model_revision", "revision", "commit", "dataset_sha", "run_id", "hash", "seed"]
    )
    def test_forty_hexadecimal_digits_under_any_other_name(self, name: str) -> None:
        commit = "0123456789abcdef0123456789abcdef01234567"
        assert not is_secret(name, commit)
        assert is_secret("wandb_api_key", commit)

    def test_the_examples_and_what_is_known_hold_none(self) -> None:
        root = Path(__file__).parent.parent
        for path in [
            *root.glob("examples/*.yaml"),
            *root.glob("configlint/knowledge/**/*.yaml"),
        ]:
            text = path.read_text(encoding="utf-8")
            assert masked(text) == text, path


@given(st.text(max_size=200))
def test_what_is_masked_has_the_same_lines_and_columns(text: str) -> None:
    text = f'key: "hf_abcdefghijklmnopqrstuvwxyz012345"\n{text} hub_token: {text}'
    safe = masked(text)
    assert len(safe) == len(text)
    assert all(new in (old, MASK) for old, new in zip(text, safe, strict=True))
    assert masked(safe) == safe


@given(st.text(alphabet="abc123_-:=\"' \n", max_size=60))
def test_there_is_nothing_to_find_where_no_sign_of_it_is(text: str) -> None:
    if not could_hold(text):
        assert not any(is_secret(name, text) for name in ("x", "label"))


def test_a_spec_without_any_has_none() -> None:
    assert paths(plan(CLEAN).spec) == []

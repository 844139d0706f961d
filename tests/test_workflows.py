# SPDX-License-Identifier: MIT
"""The GitHub workflows: well-formed, least privilege, nothing that can change under us.

Each rule is a function that lists its violations, and each is shown here to find one, so that
the rule itself is tested. The schema is the one that check-jsonschema carries with it; nothing
is fetched. Skipped where the workflows are not: tests of a wheel on its own.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ruamel_yaml = pytest.importorskip("ruamel.yaml", reason="comes with check-jsonschema")
pytest.importorskip("check_jsonschema", reason="validates the workflows")

FOLDER = Path(__file__).resolve().parent.parent / ".github" / "workflows"
NAMES = ["ci.yml", "wheels.yml"]

if not FOLDER.is_dir():
    pytest.skip("no .github/workflows beside these tests", allow_module_level=True)


def load(text):
    return ruamel_yaml.YAML(typ="safe", pure=True).load(text)


def text_of(name):
    return (FOLDER / name).read_text(encoding="utf-8")


def steps(workflow):
    for job, content in workflow["jobs"].items():
        for step in content.get("steps", []):
            yield job, step


# ---- the rules: workflow -> violations ----

def unpinned_actions(text):
    """Every action is a full commit hash, with the release that it is in a comment."""
    pinned = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    used = re.findall(r"^\s*(?:- )?uses:\s*(.*)$", text, re.MULTILINE)
    return [action for action in used if not pinned.fullmatch(action)]


def pins_that_disagree(text):
    """One action is one version, in all places."""
    seen = {}
    for action, pin in re.findall(r"uses:\s*(\S+?)@(.*)$", text, re.MULTILINE):
        seen.setdefault(action, set()).add(pin)
    return [action for action, pins in seen.items() if len(pins) > 1]


def permissions_by_default(text):
    """Nothing at the top; every job asks for what it needs, of two things only."""
    workflow = load(text)
    allowed = [{}, {"contents": "read"}, {"id-token": "write"}]
    found = [] if workflow.get("permissions") == {} else ["top"]
    jobs = workflow["jobs"].items()
    return found + [name for name, job in jobs if job.get("permissions") not in allowed]


def tokens_beside_code(text):
    """A job that may mint an identity runs the publishing action and no command of ours."""
    found = []
    for name, job in load(text)["jobs"].items():
        if "id-token" not in job.get("permissions", {}):
            continue
        actions = [step.get("uses", "").split("@")[0] for step in job["steps"]]
        if actions != ["actions/download-artifact", "pypa/gh-action-pypi-publish"]:
            found.append(name)
    return found


def credentials_kept(text):
    """No checkout leaves its token in .git/config."""
    return [
        job
        for job, step in steps(load(text))
        if step.get("uses", "").startswith("actions/checkout@")
        and step.get("with", {}).get("persist-credentials") is not False
    ]


def jobs_without_timeout(text):
    return [name for name, job in load(text)["jobs"].items() if "timeout-minutes" not in job]


def jobs_beside_the_sdist(text):
    """The sdist comes first; every other job waits for it and checks nothing out."""
    found = []
    for name, job in load(text)["jobs"].items():
        checks_out = any("checkout" in step.get("uses", "") for step in job["steps"])
        needs = job.get("needs", [])
        waits = "sdist" in ([needs] if isinstance(needs, str) else needs)
        if checks_out != (name == "sdist") or waits == (name == "sdist"):
            found.append(name)
    return found


def scripts_with_foreign_text(text):
    """What an outsider can name (titles, branches) never becomes part of a script."""
    return [job for job, step in steps(load(text)) if "${{" in step.get("run", "")]


def dangerous_triggers(text):
    return [name for name in ("pull_request_target", "workflow_run") if name in load(text)["on"]]


HASH = "0123456789abcdef0123456789abcdef01234567"
PLAIN_JOB = "jobs:\n  test:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: make\n"

# rule, a workflow that it has to object to
RULES = [
    pytest.param(unpinned_actions, "  - uses: actions/checkout@v7\n", id="pins"),
    pytest.param(
        pins_that_disagree,
        f"  - uses: a/b@{HASH} # v1.0.0\n  - uses: a/b@{HASH} # v1.0.1\n", id="one version"),
    pytest.param(permissions_by_default, "permissions: {}\n" + PLAIN_JOB, id="permissions"),
    pytest.param(
        tokens_beside_code,
        PLAIN_JOB + "    permissions: {id-token: write}\n", id="identity beside code"),
    pytest.param(
        credentials_kept,
        PLAIN_JOB + f"      - uses: actions/checkout@{HASH}\n", id="credentials"),
    pytest.param(jobs_without_timeout, PLAIN_JOB, id="timeout"),
    pytest.param(jobs_beside_the_sdist, PLAIN_JOB, id="sdist first"),
    pytest.param(
        scripts_with_foreign_text,
        PLAIN_JOB.replace("make", "echo ${{ github.head_ref }}"), id="foreign text"),
    pytest.param(
        dangerous_triggers, "on: [pull_request_target]\n" + PLAIN_JOB, id="triggers"),
]


@pytest.mark.parametrize(("rule", "bad"), RULES)
def test_rule_objects(rule, bad):
    assert rule(bad)


@pytest.mark.parametrize(("rule", "bad"), RULES)
@pytest.mark.parametrize("name", NAMES)
def test_workflow_keeps_the_rule(name, rule, bad):
    assert rule(text_of(name)) == []


# ---- the schema ----

def validate(path):
    return subprocess.run(
        [sys.executable, "-P", "-m", "check_jsonschema",
         "--builtin-schema", "vendor.github-workflows", path],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("name", NAMES)
def test_workflow_fits_the_schema(name):
    done = validate(FOLDER / name)
    assert done.returncode == 0, done.stdout + done.stderr


def test_schema_objects(tmp_path):
    bad = tmp_path / "bad.yml"
    bad.write_text("on: push\n" + PLAIN_JOB.replace("runs-on", "run-on"), encoding="utf-8")
    assert validate(bad).returncode == 1


# ---- what is promised of them ----

def test_all_workflows_are_looked_at():
    assert sorted(path.name for path in FOLDER.iterdir()) == NAMES


def test_ci_covers_interpreters_and_systems():
    matrix = load(text_of("ci.yml"))["jobs"]["test"]["strategy"]["matrix"]
    assert set(matrix["python"]) == {"3.11", "3.12", "3.13", "3.14", "3.14t", "3.15"}
    assert {name.split("-")[0] for name in matrix["os"]} == {"ubuntu", "macos", "windows"}


def test_ci_installs_each_cross_compiler():
    makefile = (FOLDER.parent.parent / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^CROSS := ((?:.*\\\n)*.*)", makefile, re.MULTILINE).group(1)
    compilers = re.findall(r":([\w-]+)-gcc:", targets)
    assert len(compilers) >= 5
    [install, run] = [step["run"] for step in load(text_of("ci.yml"))["jobs"]["cross"]["steps"][2:]]
    packages = {"musl-tools" if name == "musl" else f"gcc-{name}" for name in compilers}
    assert {"qemu-user", *packages} <= set(install.split())
    assert "make ctest-cross" in run and "NOT TESTED" in run


def test_wheels_are_published_from_a_tag_only():
    publish = load(text_of("wheels.yml"))["jobs"]["publish"]
    assert "github.ref_type == 'tag'" in publish["if"]
    assert set(publish["needs"]) == {"sdist", "wheels"}
    assert publish["permissions"] == {"id-token": "write"}

# SPDX-License-Identifier: MIT
"""docs/installing.md: each recipe is run as it stands there."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.servers import ok, serving

PAGE = Path(__file__).resolve().parent.parent / "docs" / "installing.md"
if not PAGE.is_file():
    pytest.skip("no docs beside these tests", allow_module_level=True)

BLOCKS = re.findall(r"^```(console|python)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"),
                    re.MULTILINE | re.DOTALL)
URL = "http://localhost:8080/"
FETCH = "import sys, urllib.request\nprint(urllib.request.urlopen(sys.argv[1]).read())\n"
TEST_FETCH = ("import http.client\n\ndef test():\n"
              "    assert 'httpclient' in http.client.HTTPConnection.send.__code__.co_filename\n")


def run(folder, *args):
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("PYTHON")}
    done = subprocess.run([sys.executable, *args], cwd=folder, env=environment, timeout=120,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "fetch.py").write_text(FETCH)
    (tmp_path / "test_fetch.py").write_text(TEST_FETCH)
    return tmp_path


def blocks(kind):
    return [pytest.param(text, id=str(number))
            for number, (language, text) in enumerate(BLOCKS) if language == kind]


@pytest.mark.parametrize("text", blocks("console"))
def test_command(text, folder):
    with serving(*[ok(b"x")] * 3) as server:
        command = text.replace(URL, f"http://127.0.0.1:{server.port}/").split()
        assert command[:2] == ["$", "python"]
        done = run(folder, *command[2:])
    assert ("b'x'" in done.stdout) == ("fetch.py" in command)
    assert ("1 requests, 1 responses" in done.stderr) == ("--stats" in command)


@pytest.mark.parametrize("text", blocks("python"))
def test_recipe(text, folder):
    """Each has httpclient installed: at the end, in what it defines, or in what it prints."""
    if "celery" in text and importlib.util.find_spec("celery") is None:
        pytest.skip("celery is not installed")
    with serving(*[ok(b"x")] * 3) as server:
        text = text.replace(URL, f"http://127.0.0.1:{server.port}/")
        if "pytest" in text:
            (folder / "conftest.py").write_text(text)
            run(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider")
            return
        text += "\nif __name__ == '__main__':\n"
        if "def post_fork" in text:
            text += "    post_fork(None, None)\n"
        if "def handler" in text:
            text += "    assert handler(None, None) == {'httpclient': True}\n"
        if "with httpclient.installed" in text or "uninstall()" in text or "spawn" in text:
            text += "    pass\n"
        else:
            text += "    import httpclient\n    assert httpclient.installed()\n"
        (folder / "recipe.py").write_text(text)
        done = run(folder, "recipe.py")
    if "urlopen" in text:
        assert done.stdout == "1\n" and server.accepted == 1
    if "spawn" in text:
        assert done.stdout == "True\n"
    if "uninstall()" in text:
        assert done.stdout.splitlines()[0].startswith("True <httpclient is installed")
        assert done.stdout.splitlines()[-1] == "False"


def test_there_are_recipes():
    """Otherwise nothing of this file would say anything."""
    assert len(blocks("console")) == 3 and len(blocks("python")) == 10

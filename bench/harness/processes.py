# SPDX-License-Identifier: MIT
"""The processes that the bench starts: they find its modules, and end when it does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any


def environment() -> dict[str, str]:
    """Return an environment in which bench can be imported, even with PYTHONSAFEPATH set."""
    # Not resolve(): bench may be a link in a folder that holds no unbuilt httpclient.
    root = str(Path(__file__).absolute().parents[2])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path}


def started(*arguments: object, env: dict[str, str]) -> subprocess.Popen[str]:
    """Start an interpreter that talks in lines of text and ends with its standard input."""
    return subprocess.Popen([sys.executable, *map(str, arguments)], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, env=env, encoding="utf-8")


def stop(process: subprocess.Popen[str], seconds: float = 5) -> None:
    """End the process, by force after so many seconds."""
    with suppress(BrokenPipeError):
        process.stdin.close()
    process.stdout.close()
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Worker:
    """A process that answers each line of JSON by another; its id is in `family` meanwhile.

    `what` names it in errors.
    """

    def __init__(self, what: str, *command: object, env: dict[str, str],
                 family: list[int]) -> None:
        self._what, self._family = what, family
        self._process = started(*command, env=env)
        family.append(self._process.pid)

    def line(self) -> Any:
        """Return the value of the next line from it."""
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._what}: the process has ended")
        return json.loads(line)

    def ask(self, *question: Any) -> Any:
        """Return its answer to the values of one line."""
        with suppress(BrokenPipeError):         # line() says that it has ended
            print(json.dumps(question), file=self._process.stdin, flush=True)
        return self.line()

    def stop(self) -> None:
        stop(self._process)
        self._family.remove(self._process.pid)

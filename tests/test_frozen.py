# SPDX-License-Identifier: MIT
"""Programs that PyInstaller, cx_Freeze or Nuitka have bundled, httpclient in them, run.

These tools find what a program imports by reading it, and compiled modules cannot be read; and a
program that Nuitka has made has no code of its modules that install() could run again.
"""

import subprocess
import sys
from modulefinder import ModuleFinder

import pytest

from support import isolation

# Everything that a bundled program may use of httpclient.
USES_ALL = """\
import httpclient
import httpclient.httplib
from httpclient.running import main
httpclient.install()
import httpclient.stats
httpclient.uninstall()
"""
# Cython makes modules that come from nowhere: they have no spec.
LISTS = """\
import sys
print(*[name for name, module in sys.modules.items() if getattr(module, "__spec__", None)])
"""


def modules_of(program):
    """The names of the modules that have been imported when a program ends."""
    done = subprocess.run([sys.executable, "-P", "-c", program + LISTS], check=True, timeout=60,
                          stdout=subprocess.PIPE, text=True)
    return set(done.stdout.split())


def test_every_import_can_be_found_by_reading(tmp_path):
    script = tmp_path / "program.py"
    script.write_text(USES_ALL)
    finder = ModuleFinder()
    finder.run_script(str(script))
    imported = modules_of(USES_ALL) - modules_of("")
    assert {"httpclient._core.reader", "httpclient.second"} <= imported
    assert imported - set(finder.modules) == set()


# ---- programs without code of their modules, as Nuitka makes them ----

def check_compiled(what):
    process = isolation.run("compiled", what)
    assert (process.returncode, process.stderr) == (0, ""), process.stdout + process.stderr


@pytest.mark.parametrize("what", [
    "replaces_the_same", "puts_everything_back", "leaves_replaced_methods", "leaves_data",
    "refuses_replaced_constructors", "refuses_replaced_classes"])
def test_without_code(what):
    check_compiled(what)

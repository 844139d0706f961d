# SPDX-License-Identifier: MIT
"""The extension modules; everything else about the project stands in pyproject.toml.

Each module of httpclient/_core is one pyx plus the csrc files that it calls. Cython's C goes
into build/, one folder per kind of build, so that it is never mistaken for a source.

A wheel has one more module, sources.py, with the text of the Python modules, which twin.py runs
again: a program compiled by Nuitka has their machine code alone.

Two switches, by environment:

HTTPCLIENT_DEBUG      "1": -O0 -g3 and asserts. A list of sanitizers ("address,undefined")
                      means the same plus -fsanitize=…; "0" or empty: off.
HTTPCLIENT_LINETRACE  "1": line tracing for coverage; "0" or empty: off.
"""

import os
import sys
from glob import glob
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_py import build_py

# Modules of httpclient._core that call C -> their files in csrc
CALLS = {
    "chunked": ["http1_chunked.c"],
    "head": ["http1_head.c"],
    "request": ["http1_request.c"],
    "store": ["http1_head.c", "http1_chunked.c"],
}
MODULES = {file.stem: CALLS.get(file.stem, [])
           for file in sorted(Path("httpclient/_core").glob("*.pyx"))}

DIRECTIVES = {
    "language_level": 3,
    "freethreading_compatible": True,
    # Nothing about subinterpreters: with module state a small exchange takes about 30 % more
    # instructions, and cdef variables would still be shared between interpreters.
    # A copy of a Reader would share its socket and its store.
    "auto_pickle": False,
    "boundscheck": False,
    # Plain method descriptors: a call costs 3 to 5 ns less than with binding, since the
    # interpreter specialises it. inspect and help() find the signature in the docstring.
    "binding": False,
    "embedsignature": True,
    "embedsignature.format": "clinic",
}

GCC_FLAGS = [
    "-std=c11",
    # Only PyInit_… leaves a module: two modules may hold the same csrc file.
    "-fvisibility=hidden",
    "-Wall",
    "-Wextra",
]
MSVC_FLAGS = ["/std:c11"]


def switch(name):
    """The value of the environment variable, where "0" is as good as none."""
    value = os.environ.get(name, "").strip()
    return "" if value == "0" else value


def flags(debug):
    """Compiler and linker flags for the kind of build that `debug` names."""
    if sys.platform == "win32":
        return [*MSVC_FLAGS, "/Od" if debug else "/O2"], []
    if not debug:
        return [*GCC_FLAGS, "-O3", "-g0"], []
    compiler = [*GCC_FLAGS, "-O0", "-g3", "-UNDEBUG"]
    linker = []
    if debug != "1":
        compiler += [f"-fsanitize={debug}", "-fno-omit-frame-pointer"]
        linker += [f"-fsanitize={debug}"]
    return compiler, linker


def extensions(debug, linetrace):
    compiler, linker = flags(debug)
    macros = []
    if linetrace:
        # coverage hooks sys.settrace(), which sys.monitoring would pass by.
        macros = [
            ("CYTHON_TRACE", "1"),
            ("CYTHON_TRACE_NOGIL", "1"),
            ("CYTHON_USE_SYS_MONITORING", "0"),
        ]
    return [
        Extension(
            f"httpclient._core.{module}",
            [f"httpclient/_core/{module}.pyx", *(f"csrc/{name}" for name in csrc)],
            include_dirs=["csrc"],
            depends=sorted(glob("csrc/*.h")),
            define_macros=macros,
            extra_compile_args=compiler,
            extra_link_args=linker,
        )
        for module, csrc in MODULES.items()
    ]


class BuildWithSources(build_py):
    """Writes sources.py beside the modules that are built, never into the source tree."""

    def run(self):
        super().run()
        if not self.editable_mode:
            file = self.get_module_outfile(self.build_lib, ["httpclient", "_install"], "sources")
            Path(file).write_text(sources(), encoding="utf-8")


def sources():
    """The text of sources.py: a dictionary of the modules' names and texts."""
    lines = [f"    {f'{wing}.{file.stem}'!r}: {file.read_text(encoding='utf-8')!r},"
             for wing in ("_common", "_request", "_response")
             for file in sorted(Path("httpclient", wing).glob("[!_]*.py"))]
    return "\n".join([
        "# SPDX-License-Identifier: MIT",
        '"""Made by setup.py: the text of the modules, for twin.py where there is no code."""',
        "SOURCES = {", *lines, "}", ""])


debug = switch("HTTPCLIENT_DEBUG")
linetrace = switch("HTTPCLIENT_LINETRACE")
directives = dict(DIRECTIVES, linetrace=True, binding=True) if linetrace else DIRECTIVES

setup(
    cmdclass={"build_py": BuildWithSources},
    ext_modules=cythonize(
        extensions(debug, linetrace),
        # Cython looks at the age of the sources only, not at the directives.
        build_dir="build/cython-linetrace" if linetrace else "build/cython",
        compiler_directives=directives,
    )
)

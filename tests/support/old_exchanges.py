# SPDX-License-Identifier: MIT
"""Run exchanges written for httplib: Python 2.7's own, or httpclient's under Python 3.

A program, not a module: `python old_exchanges.py MODULE`, in a language that both versions
understand.  It reads {"host": ..., "exchanges": {name: source}} as JSON from its standard input,
runs each source, and prints {name: what it noted}.  Text and bytes are both noted as text, since
they were one thing in Python 2.
"""
import importlib
import io
import json
import socket
import sys
import tempfile

TEXT = type(u"")


def plain(value):
    """The value as something that JSON can hold."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return dict((plain(key), plain(each)) for key, each in value.items())
    if value is None or isinstance(value, (TEXT, int, float)):
        return value
    raise TypeError("cannot note %r" % (value,))


def raised(function, *args, **kwargs):
    """The names of the classes of what a call raises, or what it returns."""
    try:
        result = function(*args, **kwargs)
    except Exception as exc:
        return {"raised": [cls.__name__ for cls in type(exc).__mro__]}
    return {"returned": plain(result)}


def file_with(content):
    """A real file, open at its start."""
    file = tempfile.TemporaryFile()
    file.write(content)
    file.seek(0)
    return file


class FileSocket(object):
    """As much of a socket as a response needs: a file."""

    def __init__(self, content):
        self.content = content

    def makefile(self, *args):
        return io.BytesIO(self.content)


def run(source, names):
    noted = []
    names = dict(names, note=lambda *values: noted.extend(plain(values)))
    try:
        exec(compile(source, "<exchange>", "exec"), names)
    except Exception as exc:
        noted.append({"ended by": repr(exc)})
    return noted


def main():
    socket.setdefaulttimeout(20)
    task = json.loads(sys.stdin.read())
    names = {"httplib": importlib.import_module(sys.argv[1]), "host": str(task["host"]),
             "raised": raised, "file_with": file_with, "FileSocket": FileSocket}
    results = dict((name, run(source, names)) for name, source in task["exchanges"].items())
    print(json.dumps(results))


main()

# SPDX-License-Identifier: MIT
"""How much memory this process has."""

import re
import sys


def resident(line="VmRSS"):
    """Resident memory in bytes; its peak so far if `line` is "VmHWM".

    Where the system does not say, the peak by getrusage(), which begins with that of the process
    that we were forked from.
    """
    try:
        with open("/proc/self/status") as file:
            return int(re.search(rf"{line}:\s*(\d+) kB", file.read())[1]) << 10
    except OSError:
        import resource
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

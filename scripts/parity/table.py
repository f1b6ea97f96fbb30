"""What was compared, how far it was off, and whether that is near enough."""

import math
import sys
import time

HEADER = ("what", "cases", "deviation", "tolerance", "")


class Table:
    def __init__(self):
        self.rows = []
        self.started = time.monotonic()

    def add(self, what, cases, deviation, tolerance, problem=""):
        """Adds a row. Nothing compared, a number that isn't finite and any problem are failures.

        A tolerance of 0 means equality; a deviation of None, that a test found it within the tolerance but doesn't say it.
        """
        ok = not problem and cases > 0 and (deviation is None or math.isfinite(deviation) and deviation <= tolerance)
        match deviation:
            case _ if not cases:
                number = "none"
            case None:
                number = "within" if ok else "beyond"
            case _:
                number = f"{deviation:.1e}" if deviation else "equal"
        self.rows.append((what, str(cases), number, f"{tolerance:.0e}" if tolerance else "equal", "ok" if ok else "FAILED"))
        print(f"parity: {time.monotonic() - self.started:4.0f} s  {what}: {self.rows[-1][-1]}", file=sys.stderr)
        if problem:
            print(problem, file=sys.stderr)

    @property
    def failed(self):
        return any(row[-1] != "ok" for row in self.rows)

    def show(self):
        widths = [max(len(row[i]) for row in (HEADER, *self.rows)) for i in range(len(HEADER))]
        for row in (HEADER, *self.rows):
            cells = [row[0].ljust(widths[0])] + [cell.rjust(w) for cell, w in zip(row[1:-1], widths[1:])]
            print("  ".join([*cells, row[-1]]).rstrip())

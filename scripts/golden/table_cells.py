"""Makes the golden file of internal/table: the rows that Python's csv finds in random tables.

    python scripts/golden/table_cells.py      # writes python.json in internal/table/testdata
"""

import csv
import io
import json
import random

import place


def read(text, delimiter):
    """The rows, empty lines aside, or None where quotation marks are wrong."""
    try:
        return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if row]
    except csv.Error:
        return None


def main():
    rng = random.Random(place.seed(1))
    pieces = ["\r\n", "\r\n", "\n", "\r", '"', '"', '""', ",", ",", "\t", "\t", "a", "b c", "é", "😀", " ", "'", "\v", "\u2028", "\x85"]
    cases = []
    while len(cases) < 600:
        text = "".join(rng.choice(pieces) for _ in range(rng.randint(1, 14)))
        delimiter = rng.choice(",\t")
        rows = read(text, delimiter)
        if rows is not None or rng.random() < 0.3:
            cases.append({"text": text, "separator": delimiter, "rows": rows})
    for line_end in "\r\n", "\n", "\r":  # as Python writes them
        for delimiter in ",\t":
            rows = [["".join(rng.choice(pieces) for _ in range(rng.randint(0, 6))) for _ in range(3)] for _ in range(20)]
            out = io.StringIO(newline="")
            csv.writer(out, delimiter=delimiter, lineterminator=line_end).writerows(rows)
            cases.append({"text": out.getvalue(), "separator": delimiter, "rows": read(out.getvalue(), delimiter)})
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    (place.testdata("internal/table") / "python.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()

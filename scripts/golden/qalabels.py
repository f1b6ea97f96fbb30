"""Makes the golden file of the values of QA labels (pkg/datasets/flags.go) with Python's own json and float.

    python scripts/golden/qalabels.py         # writes pkg/datasets/testdata/qalabels.json
"""

import json
import math

import place

OUT = place.testdata("pkg/datasets") / "qalabels.json"

# JSON values as they may stand in a head's list. Words for true and decimal commas are left out: float() knows neither, but Trident does.
VALUES = """
0 1 0.0 1.0 0.5 -0 -1 2 1e0 1E-1 10e-1 1e400 -1e400 1e-400 9007199254740993 0.1
true false null [] [1] {} {"a":1}
"" "0" "1" "1.0" "0.25" " 1 " "\\t1\\n" "+1" "-1" "1." ".5" "." "1e0" "1e400" "1 0" "1f" "0x1" "0x1p0" "0b1" "1p0"
"false" "no" "one" "None" "null" "nan" "NaN" "inf" "-inf" "Infinity" "infinit"
"No hold was required" "N/A" "n/a" "-" "\\u0031" "\\u00bd" "\\u00b2" "1\\u0000"
""".split("\n")


def tokens(lines):
    decoder = json.JSONDecoder()
    for line in lines:
        while line := line.strip():
            _, end = decoder.raw_decode(line)
            yield line[:end]
            line = line[end:]


def flag(value):
    try:
        number = float(value)
    except (TypeError, ValueError):
        return 0.0
    return 0.0 if math.isnan(number) else min(max(number, 0.0), 1.0)


def main():
    rows = [json.dumps({"json": text, "flag": flag(json.loads(text))}) for text in tokens(VALUES)]
    OUT.write_text("[\n" + ",\n".join(rows) + "\n]\n")


if __name__ == "__main__":
    main()

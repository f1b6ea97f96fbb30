"""Makes the golden file of the rows of CSV files (internal/csvtext) with Python's own csv module.

    python scripts/golden/csvrows.py          # writes internal/csvtext/testdata/rows.json
"""

import csv
import io
import json

import place

OUT = place.testdata("internal/csvtext") / "rows.json"

FILES = [
    "a,b\n1,2\n",
    "a,b\r\n1,2\r\n",
    "a,b\r1,2\r",
    "a,b\n1,2",
    "\n\r\n\na,b\n\n1,2\n\n",
    'text,x\r\n"two\r\nlines",1\r\n"three\n\rlines\r",2\r\n',
    'a,"b ""quoted"" c"\n"""",""\n"",x\n',
    'a 5" pipe,b\nx"y"z,"\n\n"\n',
    '"ab"c,"d" "e"\n"a"b"c",1\n',
    "a,,\n,,\n,\n",
    " a , b \n\t,x\n",
    "é,😀\n\"é\n😀\",Ⅷ\u2028x\n",
    'a\n"b"\n',
    '"a"\r\n\r\n"b"\r',
    'a,"[{""start"": 0, ""end"": 1}]"\n',
    "one\n",
]


def main():
    cases = []
    for text in FILES:
        for comma in ",;\t":
            content = text.replace(",", comma)
            rows = [row for row in csv.reader(io.StringIO(content, newline=""), delimiter=comma) if row]
            cases.append(json.dumps({"comma": comma, "content": content, "rows": rows}))
    OUT.write_text("[\n" + ",\n".join(cases) + "\n]\n")


if __name__ == "__main__":
    main()

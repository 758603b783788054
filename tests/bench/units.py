"""Requests and units of every use case: build/units.json, and the tables of docs/scale.md, by `make units`."""

import json
import sys
from collections.abc import Mapping
from math import ceil
from pathlib import Path

from tests.bench.operations import OPERATIONS, count_all
from tests.support.units import Count

ROOT = Path(__file__).parents[2]
DOCUMENT, RESULT = ROOT / "docs" / "scale.md", ROOT / "build" / "units.json"
Row = Mapping[str, str]

STUDENTS, COURSES, COURSES_OF_A_STUDENT, DAYS_A_MONTH = 5000, 300, 5, 20
SESSIONS = COURSES * DAYS_A_MONTH  # each course meets once a day: five lessons a day of each student
FRAMES_OF_A_SESSION = 90  # one each 10 s for the first 15 minutes
MINUTES = 30 * 24 * 60

# How often in a month, by the name of the operation. A session has 83 people; its frames see 30 of them at a time: in
# three frames for the first time, in one a minute later than last_seen is kept, in the others just before.
MONTH: Mapping[str, int] = {
    "post a frame (camera)": SESSIONS * FRAMES_OF_A_SESSION,
    "recognise a camera's token": SESSIONS * 15,
    "handle a frame, cold gallery, roster of 83": SESSIONS,
    "handle a frame, 30 faces, seen for the first time": SESSIONS * 3,
    "handle a frame, 30 faces, seen 60 s before": SESSIONS * 14,
    "handle a frame, 30 faces, seen 10 s before": SESSIONS * (FRAMES_OF_A_SESSION - 1 - 3 - 14),
    "close a session of 83, 56 absent": SESSIONS,
    "minute tick, 10 sessions open": SESSIONS // 10,
    "minute tick, nothing due": MINUTES - SESSIONS // 10,
    "minute tick of privacy, nothing due": MINUTES,
    "minute tick of retraining, nothing due": MINUTES,
    "minute tick that plans one day more": COURSES * 30,
    "read the register of 83": SESSIONS * 2,
    "mark by hand": SESSIONS * 3,
    "claim a face": SESSIONS,
    "settle a claim": SESSIONS,
    "list a course's 180 sessions, one page": SESSIONS,
    "read one's own attendance, one page": STUDENTS * 2,
    "sign in with an identity": STUDENTS * 4 + SESSIONS,
}
# Once a school year.
YEAR: Mapping[str, int] = {
    "give consent, 5 courses": STUDENTS,
    "start a registration": STUDENTS,
    "enrol, searched among 5 000": STUDENTS,
    "import a roster of 30 new people": ceil(STUDENTS * COURSES_OF_A_STUDENT / 30),
    "plan a timetable, 14 days": COURSES,
}

KINDS = {
    "GetItem": "get",
    "BatchGetItem": "batch get",
    "Query": "query",
    "PutItem": "put",
    "UpdateItem": "update",
    "DeleteItem": "delete",
    "BatchWriteItem": "batch write",
    "TransactWriteItems": "transaction",
}


def row_of(name: str, count: Count, grows_with: str) -> str:
    dynamodb = [f"{count.requests[f'dynamodb:{kind}']} {word}" for kind, word in KINDS.items()
                if count.requests[f"dynamodb:{kind}"]]  # fmt: skip
    others = [f"{number} {each.replace(':', ' ')}" for each, number in sorted(count.requests.items())
              if not each.startswith("dynamodb:")]  # fmt: skip
    cells = [
        name,
        ", ".join(dynamodb),
        f"{count.read_units:g}",
        f"{count.write_units:g}",
        ", ".join(others) or "none",
        grows_with,
    ]
    return f"| {' | '.join(cells)} |"


def table_of(counts: Mapping[str, Count]) -> str:
    rows = [row_of(each.name, counts[each.name], each.grows_with) for each in OPERATIONS]
    head = ["| operation | DynamoDB requests | read units | write units | other requests | grows with |",
            "|---|---|---:|---:|---|---|"]  # fmt: skip
    return "\n".join([*head, *rows])


def school_of(counts: Mapping[str, Count], often: Mapping[str, int]) -> str:
    rows = ["| operation | times | requests | read units | write units |", "|---|---:|---:|---:|---:|"]
    totals = [0.0, 0.0, 0.0]
    for name, times in often.items():
        count = counts[name]
        costs = [count.requests.total() * times, count.read_units * times, count.write_units * times]
        totals = [total + cost for total, cost in zip(totals, costs, strict=True)]
        rows.append(f"| {name} | {_thousands(times)} | {' | '.join(map(_thousands, costs))} |")
    rows.append(f"| **together** | | {' | '.join(f'**{_thousands(total)}**' for total in totals)} |")
    return "\n".join(rows)


def _thousands(number: float) -> str:
    return f"{round(number):,}".replace(",", " ")


def between(text: str, name: str, table: str) -> str:
    """The text with the table between the markers of that name."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    return f"{head}{begin}\n{table}\n{end}{tail}"


def main() -> int:
    counts = {}
    for operation, count in count_all(slow=True):
        counts[operation.name] = count
        print(row_of(operation.name, count, operation.grows_with), flush=True)
    RESULT.parent.mkdir(exist_ok=True)
    told = {
        each.name: {
            "requests": dict(counts[each.name].requests),
            "read_units": counts[each.name].read_units,
            "write_units": counts[each.name].write_units,
            "grows_with": each.grows_with,
        }
        for each in OPERATIONS
    }
    RESULT.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    text = DOCUMENT.read_text()
    text = between(text, "operations", table_of(counts))
    text = between(text, "month", school_of(counts, MONTH))
    text = between(text, "year", school_of(counts, YEAR))
    DOCUMENT.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

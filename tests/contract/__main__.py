"""Ask every route, as every role, what its document allows and what it forbids: `python -m tests.contract`.

The API runs on this machine, with its gateway and authorizer. Requests are drawn from the OpenAPI document, half of
them made to break it, for objects of one's own, of somebody else's and of nobody's. Writes build/api-test.json.
"""

import argparse
import json
import sys
from collections import Counter
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass, field
from pathlib import Path

from infra.local.logfile import LineFile
from infra.local.stack import LocalStack, Options
from tests.contract.asking import Asked, ask_everything

OUT, LOG = Path("build/api-test.json"), Path("build/api-test.log")
SHOWN = 20


@dataclass
class Report:
    """`undocumented`: answers with a status, type or shape that the document does not have.

    `forbidden_allowed`: done although the permission table denies it. `invalid_accepted`: done although the body or
    query breaks the document. `never_done`: routes that no role ever brought to a success.
    """

    routes: int = 0
    roles: list[str] = field(default_factory=list)
    cases: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    server_errors: int = 0
    undocumented: int = 0
    forbidden_allowed: int = 0
    invalid_accepted: int = 0
    never_done: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (
            self.server_errors or self.undocumented or self.forbidden_allowed or self.invalid_accepted
        )


def report_on(asked: list[Asked]) -> Report:
    done = {each.route for each in asked if each.status < 300}
    routes = {each.route for each in asked}
    return Report(
        routes=len(routes),
        roles=sorted({each.role for each in asked}),
        cases=len(asked),
        statuses={
            str(status): count for status, count in sorted(Counter(each.status for each in asked).items())
        },
        server_errors=sum(each.status >= 500 for each in asked),
        undocumented=sum(bool(each.undocumented) for each in asked),
        forbidden_allowed=sum(each.forbidden and each.status < 400 for each in asked),
        invalid_accepted=sum(each.invalid and each.status < 300 for each in asked),
        never_done=sorted(routes - done),
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.contract", description=__doc__)
    parser.add_argument("--cases", type=int, default=20, help="requests a route and role")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.cases < 2:
        parser.error("--cases must be 2 at least")
    OUT.parent.mkdir(exist_ok=True)
    with (
        LOG.open("w", encoding="utf-8") as log,
        redirect_stdout(LineFile(log)),
        LocalStack(Options(port=0)) as stack,
    ):
        asked = list(ask_everything(stack.url, given.cases, given.seed))
    report = report_on(asked)
    OUT.write_text(json.dumps(asdict(report), indent=1) + "\n", encoding="utf-8")
    print(json.dumps(asdict(report), indent=1))
    for each in [each for each in asked if each.wrong][:SHOWN]:
        print(each.wrong, each.role, each.route, each.status, each.told, file=sys.stderr)
    return 0 if report.clean else 1


if __name__ == "__main__":
    sys.exit(main())

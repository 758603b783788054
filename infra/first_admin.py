"""Appoint the first admin of a deployment: `python -m infra.first_admin --subject SUB --name NAME`, or `--token`.

It works on the tables of ROLLCALL_PREFIX with the AWS credentials of whoever runs it. An account is one of
ROLLCALL_OIDC_ISSUER, for ROLLCALL_OIDC_AUDIENCE: outputs of the stack, as they are set for its functions.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import timedelta

from chalicelib import wiring
from chalicelib.domain.access import Account
from chalicelib.domain.clock import utc_now
from chalicelib.domain.errors import RollcallError
from chalicelib.services.appoint_first_admin import appoint_first_admin, issue_first_admin_token

REFUSED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0, or 2 if it was refused."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.subject and not given.name:
        parser.error(
            "--subject needs --name: an admin is a person, whose name stands in the register's history."
        )
    try:
        _issue(given) if given.token else _appoint(given)
    except (RollcallError, ValueError) as error:
        print(f"Refused. {error}", file=sys.stderr)
        return REFUSED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.first_admin", description=__doc__)
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--subject", help="what the identity provider calls the account (sub)")
    how.add_argument("--token", action="store_true", help="issue a token, to link accounts with by the API")
    parser.add_argument("--name", help="of the person whose account it is")
    parser.add_argument("--days", type=int, default=7, help="that the token is good for")
    parser.add_argument("--again", action="store_true", help="although there is an admin already")
    return parser


def _appoint(given: argparse.Namespace) -> None:
    identity = appoint_first_admin(
        given.name,
        Account(wiring.settings().oidc_issuer, given.subject),
        again=given.again,
        access=wiring.access(),
        people=wiring.people(),
        clock=utc_now,
    )
    print(f"{identity.person_id} signs in as an admin with {given.subject} of {identity.account.issuer}.")


def _issue(given: argparse.Namespace) -> None:
    lasting = timedelta(days=given.days)
    token = issue_first_admin_token(lasting, again=given.again, access=wiring.access(), clock=utc_now)
    print(f"An admin's token, shown this once, good for {given.days} days:", file=sys.stderr)
    print(token)


if __name__ == "__main__":
    sys.exit(main())

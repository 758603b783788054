"""Signing in on the local stack: the template's user pool and client, which moto's CloudFormation leaves out."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.domain.access import Account, Role
from infra.local.cloud import LocalCloud
from infra.local.resources import Resources, TemplateNotPlayable

POOL, CLIENT = "UserPool", "UserPoolClient"
API_HANDLER = "APIHandler"
# What CloudFormation calls otherwise than the API, and what the API sets by a call of its own.
POOL_NAMES = {"UserPoolName": "PoolName"}
SET_APART = {"EnabledMfas"}
# Here passwords are sent in clear, on loopback, so that a script can sign in with one call.
LOCAL_FLOWS = ("ALLOW_USER_PASSWORD_AUTH",)


def create_sign_in(cloud: LocalCloud, resources: Resources) -> Resources:
    """The resources, and with them the user pool and its client. Raises TemplateNotPlayable."""
    client = cloud.client("cognito-idp")
    pool = _one(resources, "AWS::Cognito::UserPool")
    pool_id = client.create_user_pool(**_pool_arguments(resources.resolved(pool)))["UserPool"]["Id"]
    resources = _with(resources, POOL, pool_id)
    declared = resources.resolved(_one(resources, "AWS::Cognito::UserPoolClient"))
    flows = [*declared["ExplicitAuthFlows"], *LOCAL_FLOWS]
    made = client.create_user_pool_client(**{**declared, "ExplicitAuthFlows": flows})
    client.close()
    return _with(resources, CLIENT, made["UserPoolClient"]["ClientId"])


def sign_in_environment(cloud_url: str, resources: Resources) -> dict[str, str]:
    """What the template gives the functions; and where the keys are, for moto's issuer is AWS's own URL."""
    function = resources.of_type("AWS::Serverless::Function")[API_HANDLER]
    variables: dict[str, str] = resources.resolved(function["Environment"]["Variables"])
    keys = f"{cloud_url}/{resources.physical_id(POOL)}/.well-known/jwks.json"
    return {**variables, "ROLLCALL_PROFILE": "local", "ROLLCALL_OIDC_JWKS_URL": keys}


@dataclass(frozen=True)
class Users:
    """The accounts of a local user pool. `client_of`: an AWS client by the service's name."""

    client_of: Callable[[str], Any]
    pool_id: str
    client_id: str

    @classmethod
    def of(cls, cloud: LocalCloud, resources: Resources) -> "Users":
        return cls(cloud.client, resources.physical_id(POOL), resources.physical_id(CLIENT))

    def add(self, email: str) -> tuple[str, str]:
        """The new account's `sub`, and its password."""
        password = f"{secrets.token_urlsafe(12)}aA1!"
        client = self.client_of("cognito-idp")
        attributes = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
        made = client.admin_create_user(
            UserPoolId=self.pool_id, Username=email, UserAttributes=attributes, MessageAction="SUPPRESS"
        )
        client.admin_set_user_password(
            UserPoolId=self.pool_id, Username=email, Password=password, Permanent=True
        )
        client.close()
        given = {each["Name"]: each["Value"] for each in made["User"]["Attributes"]}
        return given["sub"], password

    def sign_in(self, email: str, password: str) -> dict[str, str]:
        """IdToken, AccessToken and RefreshToken."""
        client = self.client_of("cognito-idp")
        answer = client.initiate_auth(
            ClientId=self.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": email, "PASSWORD": password},
        )
        client.close()
        tokens: dict[str, str] = answer["AuthenticationResult"]
        return tokens


def _one(resources: Resources, kind: str) -> dict[str, Any]:
    found = list(resources.of_type(kind).values())
    if len(found) != 1:
        raise TemplateNotPlayable(f"The local stack wants one {kind}, not {len(found)}.")
    return found[0]


def _pool_arguments(declared: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in declared.items() if name not in SET_APART}
    return {POOL_NAMES.get(name, name): value for name, value in kept.items()}


def _with(resources: Resources, logical_id: str, physical_id: str) -> Resources:
    return replace(resources, physical_ids={**resources.physical_ids, logical_id: physical_id})


def seed_users(users: Users) -> dict[str, str]:
    """One person for each role, linked to an account; passwords by e-mail address."""
    from chalicelib import wiring
    from chalicelib.domain.clock import utc_now
    from chalicelib.services.add_person import add_person
    from chalicelib.services.link_identity import link_identity

    passwords = {}
    for role in (Role.ADMIN, Role.INSTRUCTOR, Role.STUDENT):
        email = f"{role}@school.example"
        subject, passwords[email] = users.add(email)
        person = add_person(role.value.capitalize(), people=wiring.people(), clock=utc_now)
        account = Account(wiring.settings().oidc_issuer, subject)
        link_identity(person.person_id, account, role, access=wiring.access(), clock=utc_now)
    return passwords

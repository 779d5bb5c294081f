"""Roles are least privilege, and JupyterHub knows every scope."""

import pytest
from jupyterhub.scopes import scope_definitions

from londata_hub.roles import ROLES, load_roles

EVERY_SCOPE = [(role.name, scope) for role in ROLES for scope in role.scopes]
OTHERS = (
    "admin",
    "inherit",
    "shutdown",
    "proxy",
    "groups",
    "servers",
    "tokens",
    "users",
    "read:users",
    "access:servers",
)


@pytest.mark.parametrize(("role", "scope"), EVERY_SCOPE)
def test_jupyterhub_knows_the_scope(role, scope):
    assert scope.partition("!")[0] in scope_definitions


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_every_scope_has_its_reason(role):
    assert role.description
    assert all(len(reason) > 10 for reason in role.scopes.values())


@pytest.mark.parametrize(("role", "scope"), EVERY_SCOPE)
def test_no_role_has_power_over_everybody(role, scope):
    assert not scope.startswith("admin")
    assert scope not in OTHERS


def test_the_token_in_a_lab_can_do_seven_things_and_no_more():
    server = next(role for role in ROLES if role.name == "server")
    assert set(server.scopes) == {
        "users:activity!user",
        "access:servers!server",
        "access:services!service=register",
        "access:services!service=apps",
        "access:services!service=gateway",
        "access:services!service=reports",
        "access:services!service=insights",
    }


def test_the_culler_has_what_it_needs_and_no_more():
    culler = next(role for role in load_roles() if role["name"] == "culler")
    assert culler["services"] == ["culler"]
    assert culler["scopes"] == ["delete:servers", "list:users", "read:servers", "read:users:activity"]


@pytest.mark.parametrize("name", ["gateway", "register"])
def test_what_decides_may_look_up_people_and_nothing_else(name):
    role = next(role for role in load_roles() if role["name"] == name)
    assert role["services"] == [name]
    assert role["scopes"] == ["read:users:groups", "read:users:name"]


def test_services_of_insights_reach_the_doors_to_data_and_no_person_s_lab():
    scopes = {role.name: set(role.scopes) for role in ROLES}
    doors = {f"access:services!service={name}" for name in ("register", "gateway", "insights")}
    assert scopes["apps"] == doors
    assert scopes["insights"] == doors | {"read:users:name", "read:users:groups"}

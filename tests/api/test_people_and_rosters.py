"""People, courses, rosters and instructors over HTTP."""

import pytest

from tests.api.conftest import Api

MUSIC = {"name": "Music", "time_zone": "Europe/Stockholm"}


def import_csv(api: Api, course_id: str, rows: str | bytes, query: str = "", content_type: str = "text/csv"):
    body = rows if isinstance(rows, bytes) else rows.encode()
    path = f"/v1/courses/{course_id}/roster-imports{query}"
    return api.call("POST", path, body, content_type=content_type)


def test_a_person_is_changed_if_it_is_as_it_was_seen(api: Api) -> None:
    person = api.created("/v1/people", {"name": "Ada", "external_ids": {"sis": "1"}})
    path = f"/v1/people/{person['id']}"
    etag = api.call("GET", path).headers["ETag"]
    changes = {"name": "Ada  Zoe\u0308", "external_ids": {"sis": None, "moodle": "m"}}
    changed = api.call("PATCH", path, changes, **{"If-Match": etag})
    assert (changed.json_body["name"], changed.json_body["external_ids"]) == ("Ada Zoë", {"moodle": "m"})
    assert api.code(api.call("PATCH", path, {"name": "X"}, **{"If-Match": etag})) == (
        412,
        "precondition_failed",
    )
    assert api.call("PATCH", path, {}, **{"If-Match": changed.headers["ETag"]}).status_code == 200
    other = api.created("/v1/people", {"name": "Ben"})
    taken = api.call("PATCH", f"/v1/people/{other['id']}", {"external_ids": {"moodle": "m"}})
    assert api.code(taken) == (409, "external_id_taken")


@pytest.mark.parametrize("kind", ["people", "courses"])
def test_what_is_archived_is_listed_apart_and_found_by_its_external_id(api: Api, kind: str) -> None:
    first, second = (
        api.created(
            f"/v1/{kind}", {**(MUSIC if kind == "courses" else {"name": "Ada"}), "external_ids": ids}
        )["id"]
        for ids in ({"sis": "1"}, {})
    )

    def listed(query: str = "") -> list[str]:
        return [item["id"] for item in api.call("GET", f"/v1/{kind}{query}").json_body["items"]]

    assert api.call("POST", f"/v1/{kind}/{first}/archive").json_body["archived_at"] is not None
    assert (listed(), listed("?archived=true")) == ([second], [first])
    assert listed("?external_system=sis&external_id=1") == [first]
    assert listed("?external_system=sis&external_id=2") == []
    assert api.code(api.call("GET", f"/v1/{kind}?external_id=1"))[0] == 400
    assert api.call("POST", f"/v1/{kind}/{first}/restore").json_body["archived_at"] is None
    assert listed() == [first, second]


def test_an_archived_course_or_person_refuses_what_is_new(api: Api) -> None:
    course_id = api.created("/v1/courses", MUSIC)["id"]
    person_id = api.created("/v1/people", {"name": "Ada"})["id"]
    roster = f"/v1/courses/{course_id}/roster/{person_id}"
    api.call("POST", f"/v1/people/{person_id}/archive")
    assert api.code(api.call("PUT", roster)) == (409, "person_archived")
    api.call("POST", f"/v1/people/{person_id}/restore")
    api.call("POST", f"/v1/courses/{course_id}/archive")
    assert api.code(api.call("PUT", roster)) == (409, "course_archived")
    times = {"closes_at": "2199-01-01T10:00:00Z", "opens_at": "2199-01-01T09:00:00Z"}
    answer = api.call("POST", f"/v1/courses/{course_id}/sessions", times)
    assert api.code(answer) == (409, "course_archived")
    assert api.code(import_csv(api, course_id, "name\nBen\n")) == (409, "course_archived")


def test_a_course_with_sessions_is_neither_moved_nor_archived(api: Api) -> None:
    course_id = api.created("/v1/courses", MUSIC)["id"]
    api.session(course_id)
    path = f"/v1/courses/{course_id}"
    assert api.code(api.call("PATCH", path, {"time_zone": "Asia/Tokyo"})) == (409, "course_in_use")
    assert api.code(api.call("POST", f"{path}/archive")) == (409, "course_in_use")


def test_a_roster_is_imported_read_exported_and_imported_again(api: Api) -> None:
    course_id = api.created("/v1/courses", MUSIC)["id"]
    report = import_csv(api, course_id, "\ufeffname;sis_id;class\r\n=Ada;1;7b\r\nZoë;;7b\r\n").json_body
    assert (report["created"], report["applied"], report["ignored_columns"]) == (2, True, ["class"])
    path = f"/v1/courses/{course_id}/roster"
    people = api.call("GET", path).json_body["items"]
    assert [(person["name"], person["external_ids"]) for person in people] == [
        ("=Ada", {"sis": "1"}),
        ("Zoë", {}),
    ]
    exported = api.call("GET", f"{path}?format=csv")
    assert exported.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert b"'=Ada" in exported.body
    again = import_csv(api, course_id, exported.body, "?mode=replace").json_body
    assert (again["already_on_roster"], again["taken_off"]) == (2, [])


def test_a_wrong_row_is_named_and_nothing_is_done(api: Api) -> None:
    course_id = api.created("/v1/courses", MUSIC)["id"]
    answer = import_csv(api, course_id, "name,person_id\nAda,\nBen,per_none\n")
    assert api.code(answer) == (422, "roster_refused")
    rows = answer.json_body["rows"]
    assert [(row["line"], row["action"], row["code"]) for row in rows] == [
        (2, "created", None),
        (3, None, "person_not_found"),
    ]
    assert rows[1]["message"]
    assert api.call("GET", "/v1/people").json_body["items"] == []


def test_a_dry_run_does_nothing(api: Api) -> None:
    course_id = api.created("/v1/courses", MUSIC)["id"]
    report = import_csv(api, course_id, "name\nAda\n", "?dry_run=true").json_body
    assert (report["created"], report["applied"]) == (1, False)
    assert api.call("GET", "/v1/people").json_body["items"] == []


def test_other_encodings_go_as_bytes_and_are_never_guessed(api: Api) -> None:
    course_id = api.created("/v1/courses", MUSIC)["id"]
    western = "name\nZoë\n".encode("windows-1252")
    binary = "application/octet-stream"
    assert api.code(import_csv(api, course_id, western, content_type=binary)) == (400, "invalid_request")
    assert api.code(import_csv(api, course_id, "name\nZo\ufffd\n")) == (400, "invalid_request")
    done = import_csv(api, course_id, western, "?charset=windows-1252", binary)
    assert done.status_code == 200
    assert [
        each["name"] for each in api.call("GET", f"/v1/courses/{course_id}/roster").json_body["items"]
    ] == ["Zoë"]
    assert api.call("POST", f"/v1/courses/{course_id}/roster-imports", {}).status_code == 415
    assert api.code(import_csv(api, course_id, b"name\n" + b"a" * 1024 * 1024)) == (413, "payload_too_large")


def test_instructors_are_named_and_removed(api: Api) -> None:
    course_id = api.created("/v1/courses", MUSIC)["id"]
    person_id = api.created("/v1/people", {"name": "Ada"})["id"]
    path = f"/v1/courses/{course_id}/instructors"
    for _ in range(2):
        assert api.call("PUT", f"{path}/{person_id}").status_code == 204
    assert [person["name"] for person in api.call("GET", path).json_body["items"]] == ["Ada"]
    assert api.call("DELETE", f"{path}/{person_id}").status_code == 204
    assert api.code(api.call("DELETE", f"{path}/{person_id}")) == (404, "not_an_instructor")
    assert api.code(api.call("PUT", f"{path}/per_none")) == (404, "person_not_found")

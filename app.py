"""Rollcall's Lambdas, assembled. No logic lives here."""

from chalice.app import Chalice

from chalicelib.api.attendance import attendance
from chalicelib.api.audit import audit
from chalicelib.api.auth import auth
from chalicelib.api.cameras import cameras
from chalicelib.api.check_ins import check_ins
from chalicelib.api.claims import claims
from chalicelib.api.confirmations import confirmations
from chalicelib.api.courses import courses
from chalicelib.api.document import document
from chalicelib.api.drift import drift
from chalicelib.api.frames import frames
from chalicelib.api.health import health
from chalicelib.api.identities import identities
from chalicelib.api.instructors import instructors
from chalicelib.api.marks import marks
from chalicelib.api.middleware import logged, problem_details
from chalicelib.api.models import models
from chalicelib.api.people import people
from chalicelib.api.privacy import privacy
from chalicelib.api.registrations import registrations
from chalicelib.api.retraining import retraining
from chalicelib.api.reviews import reviews
from chalicelib.api.rosters import rosters
from chalicelib.api.sessions import sessions
from chalicelib.api.timetables import timetables
from chalicelib.events.claims import claims as claim_events
from chalicelib.events.frames import frames as frame_events
from chalicelib.events.privacy import privacy as privacy_events
from chalicelib.events.registrations import registrations as registration_events
from chalicelib.events.retraining import retraining as retraining_events
from chalicelib.events.sessions import sessions as session_events

app = Chalice(app_name="rollcall")
# Bytes of other types reach a Lambda as broken text. The last one is what curl calls a body unless told otherwise.
app.api.binary_types += ["image/webp", "application/x-www-form-urlencoded"]
app.register_middleware(logged, event_type="http")
app.register_middleware(problem_details, event_type="http")

for blueprint in (
    auth,
    health,
    identities,
    document,
    people,
    registrations,
    reviews,
    courses,
    rosters,
    instructors,
    sessions,
    frames,
    claims,
    timetables,
    attendance,
    marks,
    confirmations,
    check_ins,
    cameras,
    drift,
    privacy,
    audit,
    retraining,
    models,
):
    app.register_blueprint(blueprint)

for blueprint in (
    frame_events,
    claim_events,
    registration_events,
    session_events,
    privacy_events,
    retraining_events,
):
    app.register_blueprint(blueprint)

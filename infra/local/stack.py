"""The whole of Rollcall in one process: cloud, gateway, queues and schedule."""

import importlib
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from infra.local.functions import REGION, Functions, load_config
from infra.local.messages import HttpAnswer, HttpRequest
from infra.local.poller import Duplicates, Handled, QueueMapping, QueuePoller
from infra.local.ports import LOOPBACK, listen, url_of
from infra.local.schedule import Schedule, rate_seconds
from infra.local.training_run import ENTRY_POINT, Runner
from infra.local.work_folder import work_folder
from infra.resources import GATEWAY, load_template

if TYPE_CHECKING:
    from infra.local.cloud import LocalCloud
    from infra.local.resources import Resources
    from infra.local.sign_in import Users

ROOT = Path(__file__).parents[2]
DEFAULT_PACK_DIR = Path("build/packs/pypi")
BUCKET = "PicturesBucket"
MAX_PORT = 65_535
TRAINING = (sys.executable, *ENTRY_POINT[1:])
WORK_FOLDERS = "rollcall-training-"
IMAGE = {"TrainingImage": "local"}  # a job runs what this machine has


@dataclass(frozen=True)
class Options:
    """`tick_seconds` 0 keeps the template's rates; `duplicate_every` 0 delivers nothing twice.

    `training_command`: what a training job runs, in place of the image.
    """

    port: int = 0
    aws_port: int = 0
    pack_dir: Path = DEFAULT_PACK_DIR
    tick_seconds: float = 0
    duplicate_every: int = 0
    parameters: Mapping[str, str] = field(default_factory=dict)
    log_level: str = "INFO"
    training_command: Sequence[str] = TRAINING

    def __post_init__(self) -> None:
        for port in (self.port, self.aws_port):
            if not 0 <= port <= MAX_PORT:
                raise ValueError(f"{port} is no port: there are 0 to {MAX_PORT}.")
        if self.tick_seconds < 0 or self.duplicate_every < 0:
            raise ValueError("--tick-seconds and --duplicate-every are 0 or more.")


class LocalStack:
    """`with LocalStack(Options()) as stack:` runs Rollcall on loopback until the block ends.

    One at a time in a process: the app is configured by the environment, which is set meanwhile and restored.
    """

    admin_token: str
    users: "Users"

    def __init__(
        self,
        options: Options | None = None,
        *,
        on_answer: Callable[[HttpRequest, HttpAnswer, float], None] = lambda *_: None,
        on_handled: Callable[[Handled], None] = lambda _: None,
    ) -> None:
        self.options = options or Options()
        self._on_answer = on_answer
        self._on_handled = on_handled
        self._undo = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as undo:  # undone at once if anything fails on the way
            self._start(undo)
            self._undo = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo.close()

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def aws_url(self) -> str:
        return self.cloud.url

    def tick(self) -> None:
        """Call every scheduled function now."""
        for schedule in self._schedules:
            schedule.tick()

    def seed_users(self) -> dict[str, str]:
        """People of each role who can sign in: passwords by e-mail address."""
        from infra.local.sign_in import seed_users

        return seed_users(self.users)

    def _start(self, undo: ExitStack) -> None:
        # Ports first: one that is taken should be told before anything else begins.
        listener = undo.enter_context(listen(self.options.port, "--port"))
        aws_listener = undo.enter_context(listen(self.options.aws_port, "--aws-port"))
        self.cloud = _started_cloud(aws_listener, undo)
        self.resources = _create(self.cloud, self.options)
        self.users = _users(self.cloud, self.resources)
        training = undo.enter_context(listen(0, "--aws-port"))
        undo.enter_context(environment(self._environment(url_of(training))))
        functions = Functions(_app(undo), load_config(ROOT))
        self.admin_token = _admin_token()
        duplicates = Duplicates(self.options.duplicate_every)
        self._start_training(functions, training, duplicates, undo)
        self._start_triggers(functions, duplicates, undo)
        self._start_gateway(functions, listener, undo)

    def _environment(self, sagemaker_url: str) -> dict[str, str | None]:
        """What AWS sets for a function, and what points every client at the local cloud."""
        no_proxy = ",".join(filter(None, [os.environ.get("NO_PROXY", ""), LOOPBACK]))
        return {
            "AWS_ENDPOINT_URL": self.cloud.url,
            "AWS_ENDPOINT_URL_SAGEMAKER": sagemaker_url,
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": None,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_SESSION_TOKEN": None,
            "AWS_PROFILE": None,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_EXECUTION_ENV": None,
            "NO_PROXY": no_proxy,
            "no_proxy": no_proxy,
            "POWERTOOLS_SERVICE_NAME": "rollcall",
            "POWERTOOLS_METRICS_NAMESPACE": "Rollcall",
            "ROLLCALL_PREFIX": self.resources.parameters["Prefix"],
            "ROLLCALL_BUCKET": self.resources.physical_id(BUCKET),
            "ROLLCALL_PACK_DIR": str(self.options.pack_dir),
            "POWERTOOLS_LOG_LEVEL": self.options.log_level,
            **_sign_in_environment(self.cloud, self.resources),
        }

    def _start_training(
        self, functions: Functions, listener: socket.socket, duplicates: Duplicates, undo: ExitStack
    ) -> None:
        """moto's own training jobs have ended before anything ran."""
        from infra.local.event_rules import EventRules, event_rules
        from infra.local.sagemaker import sagemaker

        s3 = self.cloud.client("s3")
        undo.callback(s3.close)
        image = {"PYTHONPATH": str(ROOT), "ROLLCALL_PACK_DIR": str(self.options.pack_dir.resolve())}
        root = undo.enter_context(work_folder(WORK_FOLDERS))
        rules = EventRules(
            tuple(event_rules(self.resources, functions)),
            duplicates=duplicates,
            on_handled=self._on_handled,
        )
        runner = Runner(s3, self.options.training_command, image, root)
        undo.enter_context(sagemaker(listener, runner, rules.tell))
        undo.callback(rules.stop)

    def _start_triggers(self, functions: Functions, duplicates: Duplicates, undo: ExitStack) -> None:
        sqs = self.cloud.client("sqs")
        undo.callback(sqs.close)
        pollers = [
            QueuePoller(mapping, function, sqs, duplicates=duplicates, on_handled=self._on_handled)
            for mapping, function in queue_mappings(self.resources, functions)
        ]
        self._schedules = [
            Schedule(rule, function, interval, duplicates=duplicates, on_handled=self._on_handled)
            for rule, function, interval in schedules(self.resources, functions, self.options.tick_seconds)
        ]
        triggers: list[QueuePoller | Schedule] = [*pollers, *self._schedules]
        for trigger in triggers:
            undo.callback(trigger.join)
            trigger.start()
        # Undone in reverse: all are asked to stop before the first is waited for.
        for trigger in triggers:
            undo.callback(trigger.stop)

    def _start_gateway(self, functions: Functions, listener: Any, undo: ExitStack) -> None:
        from infra.local.gateway import MAX_BODY_BYTES, Gateway
        from infra.local.responses import GatewayResponses
        from infra.local.server import LoopbackServer

        gateway = Gateway(functions, GatewayResponses(load_template(GATEWAY)))
        self._server = LoopbackServer(listener)
        self._server.serve(gateway, max_body_bytes=MAX_BODY_BYTES, on_answer=self._on_answer)
        undo.callback(self._server.stop)


def queue_mappings(resources: "Resources", functions: Functions) -> Iterator[tuple[QueueMapping, Any]]:
    """Which queue feeds which function, and how, as the template says."""
    for properties in resources.of_type("AWS::Lambda::EventSourceMapping").values():
        queue = properties["EventSourceArn"]["Fn::GetAtt"][0]
        mapping = QueueMapping(
            queue_url=resources.physical_id(queue),
            queue_arn=resources.arn(queue),
            batch_size=int(properties.get("BatchSize", 10)),
            window_seconds=float(properties.get("MaximumBatchingWindowInSeconds", 0)),
            reports_failures="ReportBatchItemFailures" in properties.get("FunctionResponseTypes", []),
        )
        yield mapping, functions.of_resource(properties["FunctionName"]["Ref"])


def schedules(
    resources: "Resources", functions: Functions, tick_seconds: float = 0
) -> Iterator[tuple[str, Any, float]]:
    """Rule, function and interval of every scheduled call."""
    for rule, properties in resources.of_type("AWS::Events::Rule").items():
        if "ScheduleExpression" not in properties:
            continue
        interval = tick_seconds or rate_seconds(properties["ScheduleExpression"])
        for target in properties["Targets"]:
            yield rule, functions.of_resource(target["Arn"]["Fn::GetAtt"][0]), interval


@contextmanager
def environment(variables: Mapping[str, str | None]) -> Iterator[None]:
    """os.environ with these variables (None: without), and afterwards as it was."""
    before = dict(os.environ)
    os.environ.update({name: value for name, value in variables.items() if value is not None})
    for name in (name for name, value in variables.items() if value is None):
        os.environ.pop(name, None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _started_cloud(listener: Any, undo: ExitStack) -> "LocalCloud":
    from infra.local.cloud import LocalCloud

    cloud = LocalCloud(listener)
    cloud.start()
    undo.callback(cloud.stop)
    return cloud


def _create(cloud: "LocalCloud", options: Options) -> "Resources":
    from infra.local.resources import create_resources
    from infra.local.sign_in import create_sign_in

    return create_sign_in(cloud, create_resources(cloud, load_template(), {**IMAGE, **options.parameters}))


def _users(cloud: "LocalCloud", resources: "Resources") -> "Users":
    from infra.local.sign_in import Users

    return Users.of(cloud, resources)


def _sign_in_environment(cloud: "LocalCloud", resources: "Resources") -> dict[str, str]:
    from infra.local.sign_in import sign_in_environment

    return sign_in_environment(cloud.url, resources)


def _app(undo: ExitStack) -> Any:
    """The app as AWS loads it, each thread with its own request, metrics and log keys."""
    from infra.local.isolation import log_keys_per_thread, metrics_per_thread, request_per_thread

    app = importlib.import_module("app").app
    wiring = importlib.import_module("chalicelib.wiring")
    observability = importlib.import_module("chalicelib.observability")
    wiring.reset()  # another stack of this process had another cloud
    undo.callback(wiring.reset)
    undo.enter_context(request_per_thread(app))
    undo.enter_context(metrics_per_thread(observability.metrics))
    undo.enter_context(log_keys_per_thread(observability.logger))
    return app


def _admin_token() -> str:
    from chalicelib import wiring
    from chalicelib.services.issue_token import issue_admin_token

    return issue_admin_token(access=wiring.access())

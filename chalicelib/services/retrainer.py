"""What retraining works with, whoever carries it on."""

from dataclasses import dataclass
from datetime import timedelta

from chalicelib.domain.clock import Clock
from chalicelib.domain.retraining import Gathering
from chalicelib.services.ports import Media, Models, People, Retraining, Templates, TrainingJobs


@dataclass(frozen=True)
class Retrainer:
    """`prefix` begins the names of jobs; `every`: since the last job, though nobody asked; None if never."""

    retraining: Retraining
    training_jobs: TrainingJobs
    models: Models
    people: People
    templates: Templates
    media: Media
    clock: Clock
    prefix: str
    gathering: Gathering
    every: timedelta | None = None

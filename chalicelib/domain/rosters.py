"""Limits of rosters."""

MOST_COURSES_OF_A_PERSON = (
    48  # archiving a person writes two items of each course, and a transaction takes 100
)
MOST_PEOPLE_OF_A_ROSTER = 1000

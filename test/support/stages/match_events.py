"""Matches events with a pattern of EventBridge by moto's matcher: reads {"pattern", "events"} and writes a list of booleans.

moto doesn't look into lists of objects. EventBridge matches when one element of each list does, all of its members
together; so each choice of elements is an event of its own here. Source: EventBridge User Guide, "Arrays in patterns".
"""

import itertools
import json
import sys

from moto.events.models import EventPattern


def choices(value):
    """The same value with one element in place of each list of objects, in every way."""
    if isinstance(value, dict):
        names = list(value)
        for members in itertools.product(*(list(choices(value[name])) for name in names)):
            yield dict(zip(names, members))
    elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        for item in value:
            yield from choices(item)
    else:
        yield value


asked = json.load(sys.stdin)
pattern = EventPattern.load(asked["pattern"])
json.dump([any(map(pattern.matches_event, choices(event))) for event in asked["events"]], sys.stdout)

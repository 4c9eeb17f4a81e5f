"""The demo's plan as data: like its zones and doors, without a fault, and with two ways to where the leak is."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components

from geo.graph.csr import BANNED
from geo.hazards.growth import arrivals
from geo.places.model import Plan
from geo.places.network import Network
from geo.places.walking import BADGE_HOLDER, walking_network
from muster.demo import catalogue, doors
from muster.demo.place_plan import in_sentence, place_plan
from mobile_contract.text import Text
from plant.places.checks import check_drawn, check_publishable, review
from plant.places.model import InstrumentedZone

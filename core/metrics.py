"""Prometheus metrics: names start with ``muster_``, units are in the name, base units only."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry(auto_describe=True)
CONTENT_TYPE = CONTENT_TYPE_LATEST

# Bounds follow the budget of the reading path: 100 ms at the 99th percentile, seconds when in trouble.
LATENCY_BUCKETS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


def counter(name: str, help_text: str, labels: tuple[str, ...] = ()) -> Counter:
    """A counter ``muster_<name>_total``."""
    return Counter(f"muster_{name}", help_text, labels, registry=REGISTRY)


def gauge(name: str, help_text: str, labels: tuple[str, ...] = ()) -> Gauge:
    """A gauge ``muster_<name>``."""
    return Gauge(f"muster_{name}", help_text, labels, registry=REGISTRY)


def histogram(name: str, help_text: str, labels: tuple[str, ...] = ()) -> Histogram:
    """A histogram ``muster_<name>`` of seconds."""
    return Histogram(f"muster_{name}", help_text, labels, registry=REGISTRY, buckets=LATENCY_BUCKETS_S)


def render() -> bytes:
    """The text exposition of every metric of this process."""
    return generate_latest(REGISTRY)

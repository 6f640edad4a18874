"""The conformance kit: numbered cases that a network and its adapter are held to together."""

from __future__ import annotations

from adapters.conformance.check import Link, PlanError, check
from adapters.conformance.door import Door
from adapters.conformance.home import Refused
from adapters.conformance.report import Report
from adapters.conformance.specification import specification

__all__ = ["Door", "Link", "PlanError", "Refused", "Report", "check", "specification"]

"""Verification of rendered bytes with their consumers' own parsers, before anything is written."""

from generator.verify.everything import Verification, verification
from generator.verify.report import Fault, Unverified, VerificationReport
from generator.verify.tools import find_tools

__all__ = ["Fault", "Unverified", "Verification", "VerificationReport", "find_tools", "verification"]

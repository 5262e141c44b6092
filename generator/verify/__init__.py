"""Verification of rendered bytes with their consumers' own parsers, before anything is written."""

from generator.verify.everything import verify_nodes
from generator.verify.report import Fault, Unverified, VerificationReport
from generator.verify.tools import find_tools

__all__ = ["Fault", "Unverified", "VerificationReport", "find_tools", "verify_nodes"]

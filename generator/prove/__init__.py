"""Proofs about a resolved fleet and its plan, before anything is rendered; a new rule is one module in ``rules``."""

from generator.prove.facts import Facts
from generator.prove.prover import prove
from generator.prove.report import ProofReport

__all__ = ["Facts", "ProofReport", "prove"]

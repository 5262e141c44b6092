"""One rule a module: a function ``check(facts) -> ProofReport``, found by discovery."""

"""The fleet secret and everything that is derived from it."""

from generator.keys.derive import Keyring
from generator.keys.secret import FleetSecret, SecretProblem, WrongPassphrase, format_secret, parse_secret

__all__ = ["FleetSecret", "Keyring", "SecretProblem", "WrongPassphrase", "format_secret", "parse_secret"]

"""The command line: every module of this package that exports ``command`` is a command of ``gen``."""

from __future__ import annotations

import gc
import importlib
import keyword
import pkgutil
import sys
import traceback
from typing import Any

import click

from generator import __version__

TROUBLE = 2  # as in diff(1): usage, unreadable input, or our own bug


class CommandModules(click.Group):
    """A group whose commands are the modules beside this one; a command's name is its module's name.

    A name that Python keeps for itself has an underscore behind it as a module's: ``import_``.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the modules that export ``command``, sorted."""
        names = (module.name for module in pkgutil.iter_modules(__path__))
        return sorted(name for name in map(_command_name, names) if self.get_command(ctx, name) is not None)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None; only its own module is imported."""
        del ctx
        name = f"{__name__}.{cmd_name.replace('-', '_')}{'_' if keyword.iskeyword(cmd_name) else ''}"
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as missing:
            if missing.name == name:
                return None
            raise
        command = getattr(module, "command", None)
        return command if isinstance(command, click.Command) else None

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command; whatever it did not expect is said to be a bug of Capsule, with exit code 2."""
        # A compiler's records live until it ends: looking for garbage among millions of them, again and again, finds
        # none and was more than a third of the time of checking a thousand nodes.
        gc.disable()
        try:
            return super().main(*args, **extra)
        except Exception:
            _say_bug(traceback.format_exc())
            sys.exit(TROUBLE)
        finally:
            gc.enable()


def _command_name(module: str) -> str:
    return module.removesuffix("_").replace("_", "-")


def _say_bug(trace: str) -> None:
    click.echo(trace, err=True)
    click.echo(
        f"gen: this is a bug in Capsule {__version__}, not in your inventory. Nothing was written.\n"
        "Please report the lines above; they hold no key, but may hold names of your fleet.",
        err=True,
    )


@click.group(cls=CommandModules, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gen", message="%(prog)s (Capsule) %(version)s")
def main() -> None:
    """Compile a fleet inventory to sealed, argument-free backup programs."""

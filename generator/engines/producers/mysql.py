"""Producer `mysql`: one consistent dump of every database of a MariaDB or MySQL server."""

from __future__ import annotations

from pydantic import Field

from generator.engines.capsules import tool_holes
from generator.engines.settings import EngineSettings
from generator.inventory.model import Dataset, Node
from generator.inventory.values import AbsolutePath
from generator.plan import Fragment, holes
from generator.quoting import ShellWord


class MysqlSettings(EngineSettings):
    """Where the server is: root is let in through its socket, so there is no password anywhere."""

    socket: AbsolutePath = Field(
        default="/run/mysqld/mysqld.sock", description="the server's socket, which lets root in without a password"
    )


class MysqlProducer:
    """Dumps every database with its users, routines, events and triggers, as one transaction."""

    name = "mysql"
    settings: type[EngineSettings] = MysqlSettings

    def packages(self, node: Node) -> tuple[str, ...]:  # noqa: ARG002  # lowering knows what each family calls it
        """Packages that the fragments need on ``node``."""
        return ("mariadb-client",)

    def roots(self, dataset: Dataset) -> tuple[str, ...]:  # noqa: ARG002  # a dump is a stream
        """No path: the dataset is a stream."""
        return ()

    def functions(self, node: Node) -> Fragment:
        """Functions that the produce fragments call."""
        return _functions("producers/mysql_functions.sh.j2", node)

    def preview_functions(self, node: Node) -> Fragment:
        """Functions that say what the produce fragments would do."""
        return _functions("producers/mysql_preview.sh.j2", node)

    def restore_functions(self, node: Node) -> Fragment:
        """Functions that the restore fragments call."""
        return _functions("producers/mysql_restore_functions.sh.j2", node)

    def produce(self, node: Node, dataset: Dataset) -> Fragment:  # noqa: ARG002
        """Bash that fills ``$dataset_staging``."""
        return _call("producers/mysql_produce.sh.j2", dataset)

    def restore(self, node: Node, dataset: Dataset) -> Fragment:  # noqa: ARG002
        """Bash that puts the dataset back from ``$dataset_backup``."""
        return _call("producers/mysql_restore.sh.j2", dataset)


def _functions(template: str, node: Node) -> Fragment:
    return Fragment(template=template, holes=holes(tools=tool_holes(node)))


def _call(template: str, dataset: Dataset) -> Fragment:
    assert isinstance(dataset.settings, MysqlSettings)
    return Fragment(template=template, holes=holes(socket=ShellWord.of(dataset.settings.socket)))


ENGINE = MysqlProducer()

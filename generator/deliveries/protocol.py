"""What a delivery must offer; `generator.deliveries.discovery` finds the modules that do."""

from __future__ import annotations

from typing import Protocol

from generator.inventory.model import Paths
from generator.render.model import DeliveryFile, FleetFile, RenderedNode
from generator.render.templates import TemplateLibrary


class Delivery(Protocol):
    """Puts the files of a node where they belong, and takes them away again."""

    name: str

    def deliver(
        self, deployment: str, paths: Paths, node: RenderedNode, library: TemplateLibrary
    ) -> tuple[DeliveryFile, ...]:
        """The files that lie beside ``root/`` in the node's part of the output, sorted by path; pure."""
        ...


class FleetDelivery(Protocol):
    """Hands a whole fleet's files to a configuration management."""

    name: str

    def deliver_fleet(
        self, deployment: str, paths: Paths, nodes: tuple[RenderedNode, ...], library: TemplateLibrary
    ) -> tuple[FleetFile, ...]:
        """Files with paths below the deployment's directory; a node's own data lies in files of its own; pure."""
        ...

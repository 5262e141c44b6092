"""Deliveries: how a node's rendered files get onto the node; one module and one folder of templates each."""

from generator.deliveries.discovery import deliveries
from generator.deliveries.protocol import Delivery

__all__ = ["Delivery", "deliveries"]

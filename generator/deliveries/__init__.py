"""Deliveries: how a node's rendered files get onto the node; one module and one folder of templates each."""

from generator.deliveries.discovery import deliveries, fleet_deliveries
from generator.deliveries.protocol import Delivery, FleetDelivery

__all__ = ["Delivery", "FleetDelivery", "deliveries", "fleet_deliveries"]

"""Stores: how backups are kept."""

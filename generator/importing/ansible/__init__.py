"""Ansible's inventories, read as Ansible reads them: by its own program, or by ourselves with the same result."""

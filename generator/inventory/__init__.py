"""The inventory: what the user wrote, validated and resolved."""

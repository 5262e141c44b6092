"""What a hostile penetration tester tries on the lab's fleet, and how each attempt ends."""

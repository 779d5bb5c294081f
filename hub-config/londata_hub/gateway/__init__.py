"""The gateway: opens the bytes of shared and closed data, for one decision at a time."""

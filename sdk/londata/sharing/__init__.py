"""Projects, and asking for access: what an analyst does about data that is not open."""

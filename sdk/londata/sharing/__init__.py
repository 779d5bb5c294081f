"""Projects, and asking for access: what an analyst does about data that is not open.

The hub's register service keeps projects, requests and decisions; what is here asks it and shows what it says.
"""

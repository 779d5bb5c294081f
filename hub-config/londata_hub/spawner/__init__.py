"""How users' Labs are started, and which processes are below another.

Only ``labs`` needs JupyterHub, so nothing is imported here.
"""

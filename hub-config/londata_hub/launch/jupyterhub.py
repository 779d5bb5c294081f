"""JupyterHub itself, loaded without the dearest part of it (half of what a start took), and stopped all at once."""

from londata.kernels.lean import without_grammars


def main() -> None:
    """Be ``jupyterhub``."""
    with without_grammars():
        from londata_hub.launch.stopping import JupyterHub
    JupyterHub.launch_instance()


if __name__ == "__main__":
    main()

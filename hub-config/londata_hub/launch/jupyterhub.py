"""JupyterHub itself, loaded without the dearest part of it: half of what a start took."""

from londata.kernels.lean import without_grammars


def main() -> None:
    """Be ``jupyterhub``."""
    with without_grammars():
        from jupyterhub.app import main as jupyterhub
    jupyterhub()


if __name__ == "__main__":
    main()

import pytest

import reports_world as rw


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    """The service of reports, with nothing in it yet."""
    with rw.reports_world(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
def as_ada(there, monkeypatch):
    """Work as ada does in her Lab."""
    monkeypatch.setenv("LONDATA_REPORTS", f"{there.address}{rw.PREFIX}")
    monkeypatch.setenv("LONDATA_TOKEN", "ada")
    return there

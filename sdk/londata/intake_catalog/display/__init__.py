"""How the catalog and its entries look: as text in a terminal, as HTML in a notebook.

All text of the register is a stranger's: it is cleaned, cut and escaped here, in one place, before it is shown.
"""

from londata.intake_catalog.display.cards import entry_html, entry_text
from londata.intake_catalog.display.tables import catalog_html, catalog_text, themes_html, themes_text

__all__ = ["catalog_html", "catalog_text", "entry_html", "entry_text", "themes_html", "themes_text"]

"""The generated pages of docs/reference, a module for each kind; ``tools/reference_pages.py`` writes them."""

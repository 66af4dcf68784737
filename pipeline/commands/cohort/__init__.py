"""Commands about a cohort: published, drawn again, compared, and its record."""

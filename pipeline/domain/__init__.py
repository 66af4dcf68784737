"""What the programme's words mean: calendar, tables, reason codes, errors, settings. It imports no other package."""

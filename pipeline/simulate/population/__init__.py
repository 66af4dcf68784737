"""People who do not exist: their names, spellings, districts and family cards."""

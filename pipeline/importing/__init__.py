"""A register's own files, workbooks and databases made into deliveries of extracts; `gelombang import` calls it."""

"""Mutation testing of the rules that are SQL: small changes, each of which a test must notice."""

"""Shared by several commands: arguments, the terminal, and lists of photograph pairs."""

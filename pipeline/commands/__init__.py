"""The commands of `gelombang`, one module each; ``pipeline/cli.py`` names them to the command line."""

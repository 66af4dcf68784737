"""Commands that ask about a finished wave, one module each; ``pipeline/cli.py`` names them to the command line."""

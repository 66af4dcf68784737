"""The six defects of a photograph: features, small classifiers, and scores."""
